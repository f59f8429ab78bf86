"""Requests of a deleted user: no administrator waits to decide on them."""

from __future__ import annotations

from akako.kernel.core.ids import new_id
from tests.factories import create_subject
from tests.webhooks.test_erasure import Person, Requests, delete, requests

__all__ = ["requests"]  # the fixture


def test_requests_of_a_deleted_user_do_not_wait_for_a_decision(requests: Requests) -> None:
    """Without a name they cannot be decided, so they would stay in the queues."""
    server = requests.server
    admin, admin_id = requests.sign_up("admin")
    requests.grant(admin_id, "ADMIN")
    clerk_id, user_id = requests.sign_up("leaves")
    with server.db() as db:
        subject = create_subject(db)
    asked = requests.done(
        "POST", "/api/enrollment/request", clerk_id, json={"subjectId": subject.id}
    )
    applied = requests.done("POST", "/api/mentor/apply", clerk_id, json={"motivation": "Teach"})
    delete(requests.clerk, Person(clerk_id, user_id, "", "", admin))
    for kind, request, state in (
        ("enrollment", asked, "CANCELLED"),
        ("mentor", applied, "REJECTED"),
    ):
        pending = requests.done("GET", f"/api/admin/{kind}/pending?limit=100", admin)
        assert request["id"] not in {each["id"] for each in pending}
        (row,) = requests.done("GET", f"/api/admin/{kind}?userId={user_id}", admin)
        assert (row["id"], row["status"], row["decidedAt"]) == (request["id"], state, None)
    undone = requests.send("POST", f"/api/admin/mentor/{applied['id']}/reopen", admin, key=new_id())
    assert undone.json()["code"] == "INVALID_STATE"
