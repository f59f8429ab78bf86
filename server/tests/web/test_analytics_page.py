"""The five figures of the school: what they show equals what the API returns."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser

from tests.conftest import StartServer
from tests.parts.server import Server
from tests.web.lessons import sign_in
from tests.web.test_accessibility import faults_of, open_page
from tests.web.test_page_sizes import KB, load
from tests.web.visitors import Visitor

pytestmark = pytest.mark.processes

PAGE = "/admin/analytics"
NAMES = ("enrollments", "active-learners", "completion", "storage", "api-usage")
TAG = re.compile(r"<[^>]+>")


class Table(NamedTuple):
    """A figure of the page: caption, drawing, table without its first column, and file."""

    caption: str
    drawing: ElementTree.Element
    heads: list[str]
    names: list[str]
    numbers: list[list[str]]
    file: str


@pytest.fixture(scope="module")
def school(start_server: StartServer) -> Server:
    """A server with the demonstration school and its history."""
    return start_server(arguments=("--demo",))


@pytest.fixture(scope="module")
def admin(school: Server) -> Visitor:
    return Visitor(school, "user_admin")


def plain(html: str) -> str:
    return unescape(TAG.sub("", html)).strip()


def tables(html: str) -> list[Table]:
    return [_table(each) for each in re.findall(r"<figure.*?</figure>", html, re.DOTALL)]


def _table(figure: str) -> Table:
    (table,) = re.findall(r"<table[^>]*>.*?</table>", figure, re.DOTALL)
    head, body = table.split("<tbody>")
    rows = re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    (drawn,) = re.findall(r'<div class="drawing">.*?</div>', figure, re.DOTALL)
    (drawing,) = re.findall(r'<svg class="plot".*</svg>', drawn, re.DOTALL)
    (file,) = re.findall(r'href="([^"]*\.csv[^"]*)"', figure)
    return Table(
        plain(re.findall(r"<figcaption>(.*?)</figcaption>", figure, re.DOTALL)[0]),
        ElementTree.fromstring(drawing),
        [plain(each) for each in re.findall(r"<th scope=\"col\".*?</th>", head)],
        [re.findall(r'datetime="([^"]+)"|row">([^<]+)<', each)[0] for each in rows],
        [[plain(cell) for cell in re.findall(r"<td.*?</td>", each)] for each in rows],
        unescape(file),
    )


def data(school: Server, name: str, **params: str) -> Any:
    response = school.get(f"/api/analytics/{name}", as_="admin", params=params)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def shown(values: list[Any]) -> list[str]:
    return ["–" if value is None else str(value) for value in values]


@pytest.mark.parametrize(
    ("ago", "days"), [(None, None), (0, 6), (13, 20), (0, 399), (40, 0), (-3, 20)]
)
def test_figures_are_those_of_the_api(
    school: Server, admin: Visitor, ago: int | None, days: int | None
) -> None:
    """For the default range, a week, one that is over, the longest, a day, and one with days
    to come."""
    query = {}
    if ago is not None and days is not None:
        last = datetime.now(UTC).date() - timedelta(days=ago)
        query = {"from": str(last - timedelta(days=days)), "to": str(last)}
    address = f"{PAGE}?{'&'.join(f'{name}={value}' for name, value in query.items())}"
    enrollments, active, completion, storage, usage = tables(admin.get(address).text)
    weeks = {**query, "interval": "week"}
    api = data(school, "enrollments", **weeks)
    assert [name[0] for name in enrollments.names] == [each["date"] for each in api]
    fields = ("requested", "approved", "rejected", "cancelled")
    assert [row[:4] for row in enrollments.numbers] == [
        [str(each[field]) for field in fields] for each in api
    ]
    medians = [each["medianHoursToDecision"] for each in api]
    assert [row[5] for row in enrollments.numbers] == shown(medians)
    today = str(datetime.now(UTC).date())
    api = data(school, "active-learners", **weeks)
    known = [each for each in api if each["date"] <= today]
    assert active.numbers[: len(known)] == [
        [str(each["learners7d"]), str(each["learners28d"])] for each in known
    ]
    assert active.numbers[len(known) :] == [["–", "–"]] * (len(api) - len(known))
    api = data(school, "completion", sort="percent", order="desc", limit="50")
    fields = ("learners", "started", "completed", "percent")
    assert completion.numbers == [[str(each[field]) for field in fields] for each in api]
    api = data(school, "storage")
    assert storage.numbers == [
        [str(api[kind]["count"]), str(api[kind]["bytes"])] for kind in ("documents", "videos")
    ]
    api = data(school, "api-usage", month=(query.get("to") or today)[:7])
    past = [each for each in api["days"] if each["date"] < today]
    assert usage.numbers[: len(past)] == [
        [str(each["calls"]), str(each["uploads"])] for each in past
    ]


def test_heads_captions_and_waiting_requests(school: Server, admin: Visitor) -> None:
    enrollments, active, completion, storage, usage = tables(admin.get(PAGE).text)
    assert enrollments.heads[2:4] == ["Approved", "Rejected"]
    assert completion.heads[0] == "Subject"
    assert storage.heads == ["Kind", "Count", "Bytes"]
    assert usage.heads[1] == "Calls"
    requested = sum(int(row[0]) for row in enrollments.numbers)
    approved = sum(int(row[1]) for row in enrollments.numbers)
    assert enrollments.caption.startswith(f"{requested} requests, {approved} approved; half were")
    pending = school.get("/api/admin/enrollment/pending", as_="admin").json()["pagination"]["total"]
    assert sum(int(row[4]) for row in enrollments.numbers) == pending > 0
    assert active.caption.startswith(f"{active.numbers[-1][0]} learners were active")
    assert all(each.caption.endswith(".") for each in (completion, storage, usage))


def test_files_are_those_of_the_api(school: Server, admin: Visitor) -> None:
    for address in (PAGE, f"{PAGE}?from=2026-01-01&to=2026-02-28"):
        for name, table in zip(NAMES, tables(admin.get(address).text), strict=True):
            parts = urlsplit(table.file)
            assert parts.path == f"{PAGE}/{name}.csv"
            params = {key: value[0] for key, value in parse_qs(parts.query).items()}
            own = admin.get(table.file)
            assert "attachment" in own.headers["content-disposition"]
            path = f"/api/analytics/{name}"
            api = school.get(path, as_="admin", params={**params, "format": "csv"})
            if name != "api-usage":  # which counts these requests
                assert own.content == api.content
            rows = [list(csv.reader(io.StringIO(each.text))) for each in (own, api)]
            assert rows[0][0] == rows[1][0]
            assert [row[0] for row in rows[0]] == [row[0] for row in rows[1]]


def test_a_name_that_looks_like_a_formula_stays_text(school: Server, admin: Visitor) -> None:
    name = "=1+1"
    school.execute("update subjects set name = %s where name = 'History'", name)
    file = admin.get(f"{PAGE}/completion.csv")
    assert not file.content.startswith(b"\xef\xbb\xbf")
    names = [row["subjectName"] for row in csv.DictReader(io.StringIO(file.text))]
    assert f"'{name}" in names
    assert name not in names
    assert f"{name}, Grade 7" in admin.get(PAGE).text
    school.execute("update subjects set name = 'History' where name = %s", name)


def _percent(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name].rstrip("%"))


def test_drawings_are_true_to_their_tables(admin: Visitor) -> None:
    enrollments, active, completion, storage, _ = tables(admin.get(PAGE).text)
    zero = float(enrollments.drawing.findall("line")[0].attrib["y1"])
    rects = enrollments.drawing.findall("rect")
    heights = {"approved": 0.0, "rejected": 0.0, "waiting": 0.0}
    for each in rects:
        heights[each.attrib["class"]] += float(each.attrib["height"])
    sums = [sum(int(row[column]) for row in enrollments.numbers) for column in (1, 2, 4)]
    unit = heights["approved"] / sums[0]
    assert unit > 0
    for height, number in zip(heights.values(), sums, strict=True):
        assert height == pytest.approx(number * unit, abs=0.6)
    lowest = max(float(each.attrib["y"]) + float(each.attrib["height"]) for each in rects)
    assert lowest == pytest.approx(zero, abs=0.2)
    widths = [
        _percent(each, "width")
        for each in completion.drawing.findall("rect")
        if each.attrib["class"] == "approved"
    ]
    assert widths == [float(row[3]) for row in completion.numbers]
    assert widths == sorted(widths, reverse=True)
    inner = active.drawing.findall("svg")[0]
    points = {
        each.attrib["class"]: each.attrib["points"].split() for each in inner.findall("polyline")
    }
    assert len(points["last7"]) == len(points["last28"]) == len(active.numbers)
    assert len(storage.drawing.findall("rect")) == 4


def test_mistakes_are_named_and_kept(admin: Visitor) -> None:
    for query in (
        "from=2026-02-01&to=2026-01-01",
        "from=2020-01-01&to=2026-01-01",
        "from=yesterday",
        "to=2026-13-01",
    ):
        refused = admin.get(f"{PAGE}?{query}")
        assert refused.status_code == 422
        assert "There is a problem" in refused.text
        for value in re.findall(r"=([^&]+)", query):
            assert f'value="{value}"' in refused.text
    assert admin.get(f"{PAGE}/other.csv").status_code == 404
    assert admin.get(f"{PAGE}/enrollments.csv?from=2026-02-01&to=2026-01-01").status_code == 422
    assert admin.get(f"{PAGE}/api-usage.csv?month=2026").status_code == 422
    for first in ("1970-01-01", "9000-12-01"):
        assert admin.get(f"{PAGE}?from={first}&to={first[:8]}09").status_code == 200


def test_other_plans_read_what_they_lack(school: Server, admin: Visitor) -> None:
    school.execute("update users set plan = 'FREE' where clerk_id = 'user_admin'")
    try:
        lacking = admin.get(PAGE)
        assert lacking.status_code == 200
        assert "PRO or ENTERPRISE" in lacking.text
        assert "<figure" not in lacking.text
        for name in NAMES:
            assert admin.get(f"{PAGE}/{name}.csv").status_code == 403
        school.execute("update users set plan = 'PRO' where clerk_id = 'user_admin'")
        assert "limit of the plan: 10,000" in admin.get(PAGE).text
    finally:
        school.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")


def test_others_see_nothing(school: Server) -> None:
    learner = Visitor(school, "user_123")
    for path in (PAGE, f"{PAGE}/enrollments.csv"):
        assert learner.get(path).status_code == 403


def test_the_page_without_script(browser: Browser, school: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, school, "user_admin", PAGE)
    assert page.locator("figure").count() == page.locator("figure table:visible").count() == 5
    assert page.locator("figure svg.plot").count() == 5
    page.get_by_label("From").fill("2026-10-01")
    page.get_by_label("To").fill("2026-10-31")
    page.get_by_role("button", name="Apply").click()
    assert "from=2026-10-01&to=2026-10-31" in page.url
    assert page.get_by_label("From").input_value() == "2026-10-01"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV Enrollments per week").click()
    assert download.value.suggested_filename == "enrollments.csv"
    context.close()


@pytest.fixture
def empty(start_server: StartServer) -> Server:
    return start_server()


def test_pages_are_accessible(browser: Browser, school: Server, empty: Server) -> None:
    page = open_page(browser, school, "user_admin")
    faults = faults_of(page, school, {"admin-analytics": PAGE})
    mistake = f"{PAGE}?from=2026-02-01&to=2026-01-01"
    faults += faults_of(page, school, {"admin-analytics-mistake": mistake})
    school.execute("update users set plan = 'FREE' where clerk_id = 'user_admin'")
    faults += faults_of(page, school, {"admin-analytics-plan": PAGE})
    school.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")
    page.context.close()
    page = open_page(browser, empty, "user_admin")
    faults += faults_of(page, empty, {"admin-analytics-empty": PAGE})
    page.context.close()
    assert faults == []


def test_the_page_is_small_and_prints(browser: Browser, school: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, school, "user_admin")
    seen = load(page, school, PAGE)
    assert seen.bytes <= 110 * KB
    assert seen.script <= 45 * KB
    page.emulate_media(media="print")
    assert page.get_by_role("button", name="Apply").count() == 0
    assert page.locator("figure table:visible").count() == 5
    style = "name => getComputedStyle(document.querySelector(name))"
    assert page.evaluate(f"({style})('h2').breakAfter") == "avoid"  # no title alone at a page's end
    assert page.evaluate(f"({style})('.drawing').breakInside") == "avoid"
    assert page.evaluate(f"({style})('.plotted').breakInside") == "auto"  # long tables continue
    context.close()
