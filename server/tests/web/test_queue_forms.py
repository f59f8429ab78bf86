"""The queues without script: forms decide, result pages offer Undo; statements and CPU time."""

from __future__ import annotations

import re

import pytest

from tests.enrollment.school import rows
from tests.parts.server import Server
from tests.web.queues import add_admin, add_applications, add_waiting, clear, states
from tests.web.visitors import Visitor, announced

IDS = re.compile(r'name="ids" value="([^"]+)"')


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture(autouse=True)
def empty(api: Server) -> None:
    clear(api)


def undo(admin: Visitor, path: str, page: str) -> str:
    found = IDS.search(page)
    assert found
    return announced(admin.send(f"{path}/undo", {"ids": found[1]}))


def test_the_checked_requests_are_approved_and_undone(api: Server, admin: Visitor) -> None:
    waiting = add_waiting(api, 3)
    form = {"decide": "approve", "id": waiting.ids[:2], "note": "Welcome"}
    decided = admin.send("/admin/requests", form)
    assert announced(decided) == "2 approved. Undo (30 s)"
    assert '<button title="Undo (z)">' in decided.text
    assert states(api, waiting.ids) == ["APPROVED", "APPROVED", "PENDING"]
    assert undo(admin, "/admin/requests", decided.text) == "2 undone."
    assert set(states(api, waiting.ids)) == {"PENDING"}
    late = admin.send("/admin/requests/undo", {"ids": waiting.ids[0]})
    assert announced(late).startswith("0 undone. 1 could not be undone: ")


def test_all_that_match_are_decided_with_a_bound(api: Server, admin: Visitor) -> None:
    waiting, other = add_waiting(api, 23), add_waiting(api, 2, subject="Art")
    form = {"decide": "reject", "all": "1", "subject": waiting.subject_id}
    decided = admin.send("/admin/requests", form)
    assert announced(decided) == "23 rejected. Undo (30 s)"
    assert set(states(api, waiting.ids)) == {"REJECTED"}
    assert set(states(api, other.ids)) == {"PENDING"}
    assert f'value="{waiting.subject_id}" selected' in decided.text
    assert undo(admin, "/admin/requests", decided.text) == "23 undone."


def test_failures_and_decisions_of_others_are_named(api: Server, admin: Visitor) -> None:
    waiting = add_waiting(api, 3)
    other = Visitor(api, add_admin(api, "Efua", "Sarpong"))
    other.send("/admin/requests", {"decide": f"reject:{waiting.ids[1]}"})
    api.execute("update users set status = 'INACTIVE' where id = %s", waiting.learners[0])
    decided = admin.send("/admin/requests", {"decide": "approve", "id": waiting.ids})
    assert announced(decided).startswith(
        "1 approved, 1 already decided by Efua Sarpong, "
        "1 could not be: Ama&#39;s account is inactive"
    )
    assert "Kofi Boateng was rejected by Efua Sarpong. Physics." in decided.text
    assert decided.text.count('type="checkbox" name="id"') == 1


def test_decided_requests_are_listed_by_decision(api: Server, admin: Visitor) -> None:
    waiting = add_waiting(api, 3)
    for each in (2, 0):
        admin.send("/admin/requests", {"decide": f"approve:{waiting.ids[each]}", "note": "Yes"})
    page = admin.get("/admin/requests?tab=decided").text
    assert page.index("Ama Boateng") < page.index("Esi Boateng")
    assert "Kofi Boateng" not in page
    assert page.count("by Ama Owusu") == 2
    assert undo(admin, "/admin/requests", page) == "1 undone."


def test_applications_are_decided_and_undone(api: Server, admin: Visitor) -> None:
    ids = add_applications(api, 2)
    decided = admin.send("/admin/mentors", {"decide": "reject", "id": ids, "note": "Later"})
    assert announced(decided) == "2 rejected. Undo (30 s)"
    sql = "select distinct status, decision_reason from mentor_applications"
    assert rows(api, sql) == [("REJECTED", "Later")]
    assert undo(admin, "/admin/mentors", decided.text) == "2 undone."


def test_wrong_forms_change_nothing(api: Server, admin: Visitor) -> None:
    waiting = add_waiting(api, 1)
    for form in (
        {"decide": "approve", "id": ["!", "\x00"]},
        {"decide": "approve", "id": waiting.ids, "note": "n" * 1_001},
        {"decide": "approve"},
    ):
        assert admin.send("/admin/requests", form).status_code == 200
    assert admin.send("/admin/requests", {"id": waiting.ids}, form_token="x").status_code == 403
    assert admin.get("/admin/requests?subject=!").status_code == 422
    assert states(api, waiting.ids) == ["PENDING"]
