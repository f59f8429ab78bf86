"""Usage against each plan: calls, what is left, the pace, uploads, refused calls."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from akako.plans.months import month_of
from akako.plans.schemas import PLANS
from tests.parts.server import Server
from tests.web.visitors import Visitor

CALLS = re.compile(r'data-label="Calls">([\d,]+)<')
VALUE = re.compile(r'class="value">([\d,]+)<')


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


def set_plan(api: Server, plan: str, used: int = 0) -> None:
    """Put the administrator on a plan with this usage of the month."""
    api.execute("update users set plan = %s where clerk_id = 'user_admin'", plan)
    api.execute(
        """
        insert into usage_counters (subject, month, kind, used)
        select 'user:' || id, %s, 'api_calls', %s from users where clerk_id = 'user_admin'
        on conflict (subject, month, kind) do update set used = excluded.used
        """,
        month_of(datetime.now(UTC)),
        used,
    )


@pytest.mark.processes
@pytest.mark.parametrize("plan", PLANS)
def test_each_plan_shows_its_usage(api: Server, admin: Visitor, plan: str) -> None:
    set_plan(api, plan, 120)
    page = admin.get("/admin/usage")
    assert page.status_code == 200
    assert VALUE.findall(page.text)[0] == "120"
    limit = PLANS[plan].api_calls
    left = f"{limit - 120:,} of {limit:,} are left" if limit else "The plan has no limit."
    assert left in page.text
    assert "At this pace" in page.text
    assert "No call was refused this month." in page.text


@pytest.mark.processes
def test_refused_calls_are_counted(api: Server, admin: Visitor) -> None:
    set_plan(api, "FREE", 1_000)
    try:
        for _ in range(3):
            assert api.get("/api/users", as_="admin").status_code == 429
        page = admin.get("/admin/usage").text
        assert VALUE.findall(page)[2] == "3"
        assert "0 of 1,000 are left" in page
        assert "used up: more are refused" in page
    finally:
        set_plan(api, "ENTERPRISE")


@pytest.mark.processes
def test_figures_are_those_of_the_api(api: Server, admin: Visitor) -> None:
    set_plan(api, "ENTERPRISE")
    for _ in range(5):
        assert api.get("/api/users", as_="admin").status_code == 200
    # The figures count their own request, which the page shows too, also after midnight.
    figures = api.get("/api/analytics/api-usage", as_="admin").json()["data"]
    page = admin.get("/admin/usage").text
    rows = [int(each.replace(",", "")) for each in re.findall(CALLS, page)]
    assert rows[len(figures["days"]) - 1] == figures["days"][-1]["calls"]
    assert rows[-1] == figures["callers"][0]["calls"]
