"""A month's calls over HTTP: what counts, what does not, and what happens when none is left."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from akako.plans.months import month_of, next_month
from tests.conftest import StartServer
from tests.http.refusals import details_of
from tests.identity.people import Ask, rows, statuses, together, value
from tests.parts.server import Server

APP = "https://app.example.com"
PROFILE, LEVELS = "/api/auth/profile", "/api/education/levels"


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    settings = {"AKAKO_FIRST_PARTY_ORIGINS": APP}
    return start_server({**settings, "AKAKO_RATE_LIMIT_UPLOAD": "1/60"})


def now() -> datetime:
    return datetime.now(UTC)


def reset() -> int:
    return int(next_month(month_of(now())).timestamp())


def set_used(api: Server, subject: str, used: int, kind: str = "api_calls") -> None:
    api.execute(
        "insert into usage_counters (subject, month, kind, used) values (%s, %s, %s, %s) "
        "on conflict (subject, month, kind) do update set used = excluded.used",
        subject,
        month_of(now()),
        kind,
        used,
    )


def newcomer(api: Server, name: str, used: int) -> str:
    """Return a user with this many requests and without leased ones."""
    clerk_id = f"user_{name}"
    api.user(name)
    user_id = api.user_id(clerk_id)
    api.stop()
    set_used(api, f"user:{user_id}", used)
    api.start()
    return clerk_id


def quota(api: Server, who: str) -> dict[str, object]:
    answer = api.get("/api/auth/quota", as_=who)
    assert answer.status_code == 200, answer.text
    data: dict[str, object] = answer.json()["data"]
    return data


def remaining(answer: httpx2.Response) -> int:
    return int(answer.headers["x-quota-remaining"])


def test_the_standing_can_be_read(api: Server) -> None:
    who = api.user("standing")
    first = quota(api, who)
    assert first == {
        "plan": "FREE",
        "period": f"{now():%Y-%m}",
        "resetAt": next_month(month_of(now())).isoformat().replace("+00:00", "Z"),
        "apiCalls": {"limit": 1000, "used": 2, "remaining": 998},
        "fileUploads": {"limit": 10, "used": 0, "remaining": 10},
    }
    for _ in range(30):
        api.get(PROFILE, as_=who)
    assert quota(api, who)["apiCalls"] == {"limit": 1000, "used": 33, "remaining": 967}


def test_plans_have_the_limits_of_the_reference(api: Server) -> None:
    pro, enterprise = quota(api, "mentor"), quota(api, "admin")
    assert (pro["plan"], enterprise["plan"]) == ("PRO", "ENTERPRISE")
    assert pro["apiCalls"]["limit"] == 10_000  # type: ignore[index]
    assert pro["fileUploads"]["limit"] == 100  # type: ignore[index]
    assert enterprise["apiCalls"]["limit"] is None  # type: ignore[index]
    assert enterprise["fileUploads"]["remaining"] is None  # type: ignore[index]
    headers = api.get(PROFILE, as_="admin").headers
    assert headers["x-quota-limit"] == "unlimited"
    assert "x-quota-remaining" not in headers
    assert "x-quota-reset" not in headers


def test_successes_and_the_callers_own_faults_count(api: Server) -> None:
    who = api.user("counted")
    before = remaining(api.get(PROFILE, as_=who))
    faults = [
        api.put(PROFILE, as_=who, json={"role": "ADMIN"}),
        api.get(f"{LEVELS}/unknown/grades", as_=who),
        api.get(LEVELS, as_=who),
        api.put(PROFILE, as_=who, content=b"{", headers={"Content-Type": "application/json"}),
        api.get("/api/users", as_=who),
    ]
    assert [each.status_code for each in faults] == [422, 404, 200, 400, 403]
    assert [remaining(each) for each in faults] == [before - n for n in range(1, 6)]


def test_what_was_no_service_is_free(api: Server) -> None:
    who = api.user("free")
    first = api.get(PROFILE, as_=who)
    held = {"If-None-Match": first.headers["etag"]}
    assert api.get(PROFILE, as_=who, headers=held).status_code == 304
    old = api.token(who, iat=1_700_000_000, nbf=1_700_000_000, exp=1_700_000_060)
    expired = api.get(PROFILE, headers={"Authorization": f"Bearer {old}"})
    assert expired.status_code == 401
    assert api.get(LEVELS, headers={"Authorization": f"Bearer {old}"}).status_code == 200
    api.execute("alter table education_levels rename to elsewhere")
    assert api.get(LEVELS, as_=who).status_code == 500
    api.execute("alter table elsewhere rename to education_levels")
    assert remaining(api.get(PROFILE, as_=who)) == remaining(first) - 1


def test_a_refusal_by_a_rate_limit_is_free(api: Server) -> None:
    def upload() -> httpx2.Response:
        files = {"file": ("a.pdf", b"%PDF-", "application/pdf")}
        return api.post("/api/s3/document/upload", as_="mentor", files=files)

    before = remaining(upload())
    for _ in range(5):
        assert details_of(upload(), 429, "RATE_LIMITED")["scope"] == "user"
    assert remaining(api.get(PROFILE, as_="mentor")) == before - 1


def test_anonymous_and_webhook_and_health_calls_have_no_quota(api: Server) -> None:
    for path in (LEVELS, "/health/live", "/openapi.json"):
        assert "x-quota-limit" not in api.get(path).headers


async def test_the_last_call_of_the_month_is_made_once(api: Server) -> None:
    who = newcomer(api, "last", 999)
    answers = await together(api, [Ask("GET", PROFILE, who)] * 50)
    assert statuses(answers) == {200: 1, 429: 49}
    for refused in (each for each in answers if each.status_code == 429):
        details = details_of(refused, 429, "QUOTA_EXCEEDED")
        assert details == {
            "quota": "api_calls",
            "plan": "FREE",
            "limit": 1000,
            "used": 1000,
            "resetAt": reset(),
        }
        headers = refused.headers
        assert headers["x-quota-limit"] == "1000"
        assert headers["x-quota-remaining"] == "0"
        assert headers["x-quota-reset"] == str(reset())
        assert 0 < int(headers["retry-after"]) <= 31 * 86400
        assert int(headers["x-ratelimit-remaining"]) > 0


def test_a_spent_month_stays_spent_and_a_better_plan_helps_at_once(api: Server) -> None:
    who = newcomer(api, "spent", 1000)
    for path in (PROFILE, LEVELS, "/api/auth/quota", PROFILE, PROFILE):
        details_of(api.get(path, as_=who), 429, "QUOTA_EXCEEDED")
    details_of(api.get("/api/users", as_=who), 403, "FORBIDDEN")
    assert api.get(LEVELS).status_code == 200
    assert change_plan(api, who, "PRO").json()["data"]["plan"] == "PRO"
    assert remaining(api.get(PROFILE, as_=who)) == 10_000 - 1001
    change_plan(api, who, "FREE")
    details_of(api.get(PROFILE, as_=who), 429, "QUOTA_EXCEEDED")
    change_plan(api, who, "ENTERPRISE")
    assert api.get(PROFILE, as_=who).headers["x-quota-limit"] == "unlimited"


def change_plan(api: Server, who: str, plan: str) -> httpx2.Response:
    with api.db() as db:
        row = db.execute("select id from users where clerk_id = %s", [who]).fetchone()
    assert row
    answer = api.put(f"/api/users/{row[0]}", as_="admin", json={"plan": plan})
    assert answer.status_code == 200, answer.text
    return answer


def test_the_products_own_pages_are_not_metered(api: Server) -> None:
    who = newcomer(api, "own", 1000)
    token = api.token(who, azp=APP)
    answer = api.get(PROFILE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert "x-quota-limit" not in answer.headers
    other = api.token(who, azp=f"{APP}.evil.example")
    answer = api.get(PROFILE, headers={"Authorization": f"Bearer {other}", "Origin": APP})
    details_of(answer, 429, "QUOTA_EXCEEDED")


def test_an_organization_counts_for_the_user_until_an_admin_puts_it_on_a_plan(
    api: Server,
) -> None:
    who = newcomer(api, "evader", 998)
    user_id = value(api, "select id from users where clerk_id = %s", who)

    def profile(**claims: object) -> httpx2.Response:
        token = api.token(who, jti=new_id(), **claims)
        return api.get(PROFILE, headers={"Authorization": f"Bearer {token}"})

    assert remaining(profile(o={"id": f"org_{new_id()}"})) == 1
    assert remaining(profile(org_id=f"org_{new_id()}")) == 0
    for _ in range(5):
        refused = profile(o={"id": f"org_{new_id()}"})
        assert details_of(refused, 429, "QUOTA_EXCEEDED")["plan"] == "FREE"
    api.stop()  # unspent calls go back to the database
    api.start()
    counted = "select subject, used from usage_counters where subject like any (%s)"
    assert rows(api, counted, [f"%{user_id}", "organization:%"]) == [(f"user:{user_id}", 1000)]
    path = "/api/admin/organizations/org_evader"
    assert api.put(path, as_="admin", json={"plan": "PRO"}).status_code == 200
    assert remaining(profile(o={"id": "org_evader"})) == 9_999


def test_uploads_count_for_the_user_too(api: Server) -> None:
    mentor_id = api.user_id("mentor")
    set_used(api, f"user:{mentor_id}", 40, "file_uploads")
    token = api.token("mentor", o={"id": f"org_{new_id()}"})
    data = api.get("/api/auth/quota", headers={"Authorization": f"Bearer {token}"}).json()["data"]
    assert (data["plan"], data["fileUploads"]["used"]) == ("PRO", 40)


def test_an_organisation_shares_one_quota_and_plan(api: Server) -> None:
    first = api.put("/api/admin/organizations/org_1", as_="admin", json={"plan": "FREE"})
    assert first.status_code == 200
    tokens = [
        api.token(api.user("orga"), o={"id": "org_1"}),
        api.token(api.user("orgb"), o={"id": "org_1", "rol": "admin"}),
        api.token("user_orgb", org_id="org_1"),
    ]
    headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    assert [remaining(api.get(PROFILE, headers=each)) for each in headers] == [999, 998, 997]
    path = "/api/admin/organizations/org_1"
    details_of(api.put(path, as_="mentor", json={"plan": "PRO"}), 403, "FORBIDDEN")
    details_of(api.put(path, as_="admin", json={"plan": "GOLD"}), 422, "VALIDATION_ERROR")
    answer = api.put(path, as_="admin", json={"plan": "PRO"})
    assert answer.json()["data"]["plan"] == "PRO"
    assert remaining(api.get(PROFILE, headers=headers[0])) == 10_000 - 4
    standing = api.get("/api/auth/quota", headers=headers[1]).json()["data"]
    assert standing["plan"] == "PRO"
    assert standing["apiCalls"]["used"] == 5
    assert quota(api, "user_orga")["plan"] == "FREE"


def test_an_organisation_is_put_on_a_plan_only_as_it_was_known(api: Server) -> None:
    path = "/api/admin/organizations/org_conditional"
    body = {"plan": "PRO"}
    unknown = api.put(path, as_="admin", json=body, headers={"If-Match": "*"})
    assert details_of(unknown, 412, "PRECONDITION_FAILED") == {"currentETag": None}
    tag = api.put(path, as_="admin", json=body).headers["ETag"]
    changed = api.put(path, as_="admin", json={"plan": "FREE"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    late = api.put(path, as_="admin", json=body, headers={"If-Match": tag})
    assert details_of(late, 412, "PRECONDITION_FAILED") == {"currentETag": changed.headers["ETag"]}
