"""People, roles with dates, the last administrator, and the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from babel.dates import format_date

from akako.web.staff.people import words
from tests.education.school import fresh
from tests.learning.school import add_learner, add_subject
from tests.parts.server import Server
from tests.web.visitors import Visitor, announced

SORT = re.compile(r'<th scope="col" aria-sort="(\w+)"><a href="([^"]+)">(\w+)')


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture
def day() -> Callable[[int], str]:
    """Return the dates around the one on which the test began, which may end at midnight."""
    today = datetime.now(UTC).date()
    return lambda days: (today + timedelta(days=days)).isoformat()


@pytest.mark.processes
def test_people_are_searched_filtered_and_sorted(api: Server, admin: Visitor) -> None:
    word = fresh("zed").replace(" ", "").lower()
    people = [api.user(f"{word}{letter}") for letter in "ba"]
    for clerk_id, name in zip(people, ("Baba", "Abena"), strict=True):
        api.execute(
            "update users set last_name = %s, last_sort_key = %s where clerk_id = %s",
            name,
            name.lower(),
            clerk_id,
        )
    found = admin.get(f"/admin/people?q={word}&role=LEARNER&status=ACTIVE")
    assert found.text.index("Abena") < found.text.index("Baba")
    assert "2 people" in found.text
    (direction, href, _head) = SORT.search(found.text).groups()  # type: ignore[union-attr]
    assert direction == "ascending"
    turned = admin.get(href.replace("&amp;", "&"))
    assert turned.text.index("Baba") < turned.text.index("Abena")
    assert f"q={word}" in href
    assert 'value="LEARNER" selected' in turned.text
    assert "No one matches" in admin.get(f"/admin/people?q={word}&role=ADMIN").text
    refused = admin.get("/admin/people?status=OTHER")
    assert (refused.status_code, "status:" in refused.text) == (422, True)


@pytest.mark.processes
def test_a_role_has_dates(api: Server, admin: Visitor, day: Callable[[int], str]) -> None:
    person = f"/admin/people/{add_learner(api).id}"
    fields = {"role": "MENTOR", "starts": day(2), "ends": day(9)}
    granted = admin.send(f"{person}/roles", fields)
    page = admin.get(granted.headers["location"])
    assert announced(page) == "The role was granted."
    assert "Later" in page.text
    assert f'datetime="{day(2)}T00:00:00Z"' in page.text
    assert f'datetime="{day(10)}T00:00:00Z"' in page.text  # the last day counts
    again = admin.send(f"{person}/roles", fields)
    assert (again.status_code, "in these days already" in again.text) == (409, True)
    assert f'value="{day(9)}"' in again.text
    for starts in (day(-2), "soon"):
        assert admin.send(f"{person}/roles", {**fields, "starts": starts}).status_code == 422
    today = {"role": "MENTOR", "starts": day(0), "ends": day(1)}
    assert admin.send(f"{person}/roles", today).is_redirect
    ended = admin.send(f"{person}/roles/end", {"role": "MENTOR"})
    assert announced(admin.get(ended.headers["location"])) == "The role was ended."
    assert "Ended" in admin.get(person).text


@pytest.mark.processes
def test_a_role_that_ends_before_it_starts_is_past(
    api: Server, admin: Visitor, day: Callable[[int], str]
) -> None:
    person = f"/admin/people/{add_learner(api).id}"
    last = format_date(date.fromisoformat(day(30)), "d MMMM y", locale="en")
    admin.send(f"{person}/roles", {"role": "ADMIN", "starts": day(20), "ends": day(30)})
    page = admin.get(person).text
    assert ("Later" in page, f">{last}</time>" in page) == (True, True)
    assert 'End role<span class="hide"> Administrator' in page
    admin.send(f"{person}/roles/end", {"role": "ADMIN"})
    page = admin.get(person).text
    assert ("Later" in page, "Ended" in page) == (False, True)
    assert 'End role<span class="hide"> Administrator' not in page


@pytest.mark.processes
def test_a_deactivation_can_be_undone(api: Server, admin: Visitor) -> None:
    person = f"/admin/people/{add_learner(api).id}"
    off = admin.send(f"{person}/status", {"status": "INACTIVE"})
    page = admin.get(off.headers["location"])
    assert "is inactive and signed out." in announced(page)
    assert 'name="status" value="ACTIVE"' in page.text
    on = admin.send(f"{person}/status", {"status": "ACTIVE"})
    assert "is active." in announced(admin.get(on.headers["location"]))
    plan = admin.send(f"{person}/plan", {"plan": "PRO"})
    assert announced(admin.get(plan.headers["location"])) == "The plan is now PRO."
    assert admin.send(f"{person}/plan", {"plan": "GOLD"}).status_code == 422
    assert admin.get("/admin/people/unknown").status_code == 404


@pytest.mark.processes
def test_the_last_administrator_stays_and_the_page_says_why(api: Server, admin: Visitor) -> None:
    own = f"/admin/people/{api.user_id('admin')}"
    for path, fields in (
        ("roles/end", {"role": "ADMIN"}),
        ("status", {"status": "INACTIVE"}),
    ):
        refused = admin.send(f"{own}/{path}", fields)
        assert refused.status_code == 409
        assert "Grant the role to another person first" in refused.text
    assert "at least one active administrator" in admin.get(own).text


@pytest.mark.processes
def test_enrollments_and_history_are_shown(api: Server, admin: Visitor) -> None:
    subject_id, _ = add_subject(api, name="Astronomy")
    learner = add_learner(api, subject_id)
    person = f"/admin/people/{learner.id}"
    admin.send(f"{person}/roles", {"role": "MENTOR"})
    page = admin.get(person).text
    assert "Astronomy" in page
    assert "Approved" in page
    assert "User role assigned" in page
    entries = admin.get(f"/admin/audit?about={learner.id}")
    assert "User role assigned" in entries.text
    assert "Before" in entries.text


@pytest.mark.processes
def test_the_audit_log_is_filtered_by_person_action_and_date(
    api: Server, admin: Visitor, day: Callable[[int], str]
) -> None:
    learner = add_learner(api)
    person = f"/admin/people/{learner.id}"
    admin.send(f"{person}/plan", {"plan": "PRO"})
    row = r"Plan:</span> <del>FREE</del> → <ins>PRO</ins>"
    filters = f"?actor=user_admin&action=user.updated&from={day(0)}&to={day(1)}"
    assert re.search(row, admin.get(f"/admin/audit{filters}").text)
    name = admin.get("/admin/audit?actor=Admin")
    assert "By " in name.text
    assert "user.updated" in name.text
    assert "No one matches" in admin.get("/admin/audit?actor=Xylophone").text
    assert "No entries match" in admin.get(f"/admin/audit?to={day(-400)}").text
    assert admin.get(f"/admin/audit?from={day(0)}&to={day(-1)}").status_code == 422


def test_codes_of_actions_become_words() -> None:
    assert words.action("user_role.assigned") == "User role assigned"
    assert words.action("PUT /users/{user_id}") == "PUT /users/{user_id}"
