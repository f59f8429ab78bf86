"""Administrators of a plan subject manage its endpoints."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.integrations.webhooks import PATH, get, post, register, remove_all
from tests.parts.server import Server

URL = "https://receiver.example/akako"


@pytest.fixture(autouse=True)
def _empty(api: Server) -> None:
    remove_all(api)


def another_admin(api: Server, plan: str = "ENTERPRISE") -> str:
    """Return the Clerk id of a new administrator with this plan."""
    clerk_id = api.user(new_id())
    user_id = api.user_id(clerk_id)
    response = api.post(f"/api/users/{user_id}/roles", as_="admin", json={"role": "ADMIN"})
    assert response.status_code == 201, response.text
    assert api.put(f"/api/users/{user_id}", as_="admin", json={"plan": plan}).is_success
    return clerk_id


def violations(api: Server, **body: Any) -> dict[str, str]:
    """Return field and message of each violation of a creation."""
    sent = {"url": URL, "events": ["*"], **body}
    response = api.post(PATH, as_="admin", json=sent)
    assert response.status_code == 422, response.text
    details = response.json()["details"]
    found = details.get("errors", [details])
    return {each["field"]: each["message"] for each in found}


def test_an_endpoint_is_registered_read_changed_and_deleted(api: Server) -> None:
    made = register(api, URL, "enrollment.*", "user.created", "user.created", description="Bell")
    assert len(made["secret"]) == 50
    assert made.pop("secret").startswith("whsec_")
    assert made == {
        "id": made["id"],
        "url": URL,
        "description": "Bell",
        "events": ["enrollment.*", "user.created"],
        "isActive": True,
        "disabledReason": None,
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "lastDeliveryAt": None,
        "failingSince": None,
    }
    path = f"{PATH}/{made['id']}"
    shown = api.get(path, as_="admin")
    assert shown.json()["data"] == made
    changes = {**made, "events": ["*"], "isActive": False, "description": None}
    stale = api.put(path, as_="admin", json=changes, headers={"If-Match": '"stale"'})
    assert stale.status_code == 412
    etag = {"If-Match": shown.headers["etag"]}
    changed = api.put(path, as_="admin", json=changes, headers=etag).json()["data"]
    assert (changed["events"], changed["isActive"], changed["description"]) == (["*"], False, "")
    assert changed["updatedAt"] > made["updatedAt"]
    assert api.put(path, as_="admin", json={"id": new_id()}).status_code == 422
    listed = api.get(PATH, as_="admin", params={"isActive": "false"}).json()
    assert listed["data"] == [changed]
    assert api.get(PATH, as_="admin", params={"isActive": "true"}).json()["data"] == []
    deleted = api.delete(path, as_="admin")
    assert deleted.json()["data"] == {"id": made["id"], "deleted": True}
    assert api.get(path, as_="admin").status_code == 404


def test_the_etag_of_a_creation_is_that_of_the_endpoint(api: Server) -> None:
    created = api.post(PATH, as_="admin", json={"url": URL, "events": ["*"]})
    path = created.headers["location"]
    assert created.headers["etag"] == api.get(path, as_="admin").headers["etag"]


def test_deliveries_do_not_spoil_the_tag_of_an_edit(api: Server) -> None:
    made = register(api, URL, isActive=False)
    path = f"{PATH}/{made['id']}"
    before = api.get(path, as_="admin").headers["etag"]
    api.execute(
        "update webhook_endpoints set last_delivery_at = now(), failing_since = now() "
        "where id = %s",
        made["id"],
    )
    read = api.get(path, as_="admin", headers={"If-None-Match": before})
    assert read.status_code == 200
    assert read.headers["etag"] != before
    condition = {"If-Match": before}
    edited = api.put(path, as_="admin", json={"description": "Bell"}, headers=condition)
    assert edited.status_code == 200
    assert edited.headers["etag"] == api.get(path, as_="admin").headers["etag"]
    for method, body in (("PUT", {"description": "Bells"}), ("DELETE", None)):
        refused = api.request(method, path, as_="admin", json=body, headers=condition)
        assert refused.status_code == 412
        assert refused.json()["details"]["currentETag"] == edited.headers["etag"]
    weak = {"If-Match": f"W/{edited.headers['etag']}"}
    assert api.delete(path, as_="admin", headers=weak).status_code == 412
    current = {"If-Match": edited.headers["etag"]}
    assert api.delete(path, as_="admin", headers=current).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("disabledReason", "gone"),
        ("lastDeliveryAt", "2020-01-01T00:00:00Z"),
        ("lastDeliveryAt", "soon"),
        ("failingSince", "2999-01-01T00:00:00Z"),
        ("updatedAt", None),
        ("updatedAt", 5),
    ],
)
def test_what_deliveries_change_is_read_only(api: Server, field: str, value: object) -> None:
    made = register(api, URL, isActive=False)
    refused = api.put(f"{PATH}/{made['id']}", as_="admin", json={field: value}, unpromised=True)
    assert refused.status_code == 422
    assert refused.json()["details"]["field"] == field


def test_an_earlier_state_of_an_endpoint_can_be_sent_back(api: Server) -> None:
    made = register(api, URL, isActive=False)
    made.pop("secret")
    api.execute(
        "update webhook_endpoints set last_delivery_at = now(), failing_since = now(), "
        "updated_at = now(), disabled_reason = 'failing' where id = %s",
        made["id"],
    )
    sent = {**made, "description": "Bell"}
    assert api.put(f"{PATH}/{made['id']}", as_="admin", json=sent).status_code == 200


def test_the_secret_is_stored_encrypted_and_shown_once(api: Server) -> None:
    key = {"Idempotency-Key": new_id()}
    body = {"url": URL, "events": ["*"]}
    created = api.post(PATH, as_="admin", json=body, headers=key)
    secret = created.json()["data"]["secret"]
    repeated = api.post(PATH, as_="admin", json=body, headers=key)
    assert repeated.status_code == 201
    assert repeated.headers["idempotent-replayed"] == "true"
    assert repeated.json()["data"] == {**created.json()["data"], "secret": None}
    path = f"{PATH}/{created.json()['data']['id']}/rotate-secret"
    key = {"Idempotency-Key": new_id()}
    rotated = api.post(path, as_="admin", headers=key).json()["data"]["secret"]
    again = api.post(path, as_="admin", headers=key)
    assert (again.status_code, again.json()["data"]) == (200, {"secret": None})
    assert again.headers["idempotent-replayed"] == "true"
    with api.db() as db:
        tables = db.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
        ).fetchall()
        for (table,) in tables:
            text = str(db.execute(f"select t::text from {table} t".encode()).fetchall())
            for each in (secret, rotated):
                assert each not in text, table
                assert each.removeprefix("whsec_").encode().hex() not in text, table
        assert db.execute("select count(*) from webhook_secrets").fetchone() == (2,)
    assert secret not in api.log()
    key_file = api.folder / "secret.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.read_text().strip() not in api.log()


def test_the_plan_is_checked_after_the_role(api: Server) -> None:
    for plan in ("FREE", "PRO"):
        admin = another_admin(api, plan)
        for path in ("/api/integrations/event-types", PATH, f"{PATH}/{new_id()}"):
            refused = api.get(path, as_=admin)
            assert refused.status_code == 403
            assert refused.json()["code"] == "PLAN_REQUIRED"
            assert refused.json()["details"] == {"plan": plan, "required": ["ENTERPRISE"]}
        assert api.post(PATH, as_=admin, json={"bad": 1}).json()["code"] == "PLAN_REQUIRED"
    for caller in ("learner", "mentor"):
        assert api.get(PATH, as_=caller).json()["code"] == "FORBIDDEN"


def test_other_plan_subjects_do_not_see_an_endpoint(api: Server) -> None:
    endpoint, other = register(api, URL), another_admin(api)
    assert api.get(PATH, as_=other).json()["data"] == []
    path = f"{PATH}/{endpoint['id']}"
    for method, more in {
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/deliveries"),
        ("POST", "/ping"),
        ("POST", "/rotate-secret"),
    }:
        assert api.request(method, path + more, as_=other).status_code == 404
    get(api, endpoint)


def test_administrators_of_an_organization_share_its_endpoints(api: Server) -> None:
    organization = f"org_{new_id()}"
    plan = {"plan": "ENTERPRISE"}
    api.put(f"/api/admin/organizations/{organization}", as_="admin", json=plan)
    other = another_admin(api, "FREE")
    claims = {"o": {"id": organization, "rol": "admin", "slg": "school"}}
    bearers = [{"Authorization": f"Bearer {api.token(who, **claims)}"} for who in ("admin", other)]
    body = {"url": URL, "events": ["*"]}
    made = api.post(PATH, json=body, headers=bearers[0])
    assert made.status_code == 201, made.text
    listed = api.get(PATH, headers=bearers[1]).json()["data"]
    assert [each["id"] for each in listed] == [made.json()["data"]["id"]]
    assert api.get(PATH, as_="admin").json()["data"] == []


def test_a_plan_subject_has_at_most_20_endpoints(api: Server) -> None:
    for _ in range(15):
        register(api, URL)
    body = {"url": URL, "events": ["*"]}
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(api.post, PATH, as_="admin", json=body) for _ in range(10)]
    statuses = [each.result().status_code for each in answers]
    assert sorted(statuses) == [201] * 5 + [409] * 5
    refused = api.post(PATH, as_="admin", json=body)
    assert refused.json()["code"] == "INVALID_STATE"
    assert refused.json()["error"] == "There are 20 endpoints already"


def test_events_are_known_types_or_patterns(api: Server) -> None:
    unknown = "Must be an event type, a prefix such as enrollment.*, or *"
    for pattern in ("enrollment", "enrollment.", "nothing.*", "user.*.*", ".*", "**", "", "x" * 99):
        assert violations(api, events=[pattern]) == {"events[0]": unknown}
    assert violations(api, events=[]) == {"events": "Must have at least 1 items"}
    assert violations(api, events=["*"] * 51) == {"events": "Must have at most 50 items"}
    assert set(violations(api, events="*", description=1, more=1)) == {
        "events",
        "description",
        "more",
    }


def test_event_types_are_listed_with_examples(api: Server) -> None:
    listed = api.get("/api/integrations/event-types", as_="admin").json()
    assert set(listed) == {"success", "data", "message"}
    types = {each["type"]: each for each in listed["data"]}
    assert {"ping", "user.created", "enrollment.approved", "topic.deleted"} <= types.keys()
    for name, each in types.items():
        assert set(each) == {"type", "description", "example"}
        assert each["example"]["type"] == name
        assert set(each["example"]) == {"type", "timestamp", "data"}
        register(api, URL, name)
        remove_all(api)


def test_changes_are_audited_without_secrets(api: Server) -> None:
    endpoint = register(api, f"{URL}?token=hidden")
    path = f"{PATH}/{endpoint['id']}"
    api.put(path, as_="admin", json={"description": "Bell"})
    post(api, endpoint, "/rotate-secret")
    api.delete(path, as_="admin")
    query = {"resourceId": endpoint["id"], "order": "asc"}
    entries = api.get("/api/admin/audit", as_="admin", params=query).json()["data"]
    assert [each["action"] for each in entries] == [
        "webhook_endpoint.created",
        "webhook_endpoint.updated",
        "webhook_endpoint.secret_rotated",
        "webhook_endpoint.deleted",
    ]
    assert "hidden" not in str(entries)
    assert "whsec_" not in str(entries)
