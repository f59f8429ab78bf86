"""Sessions: cookies, rotation, expiry, and how they end."""

from __future__ import annotations

import hashlib

import httpx2
import pytest

from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in


def set_cookie(response: httpx2.Response) -> str:
    (found,) = response.headers.get_list("set-cookie")
    return str(found)


def home(visitor: Visitor) -> int:
    return visitor.get("/home").status_code


def test_the_cookie_is_for_this_server_and_no_script(api: Server) -> None:
    cookie = set_cookie(Visitor(api).sign_in("learner"))
    value, *attributes = cookie.split("; ")
    assert len(value) >= len("akako=") + 43  # 256 bits
    assert {each.lower() for each in attributes} == {
        *("httponly", "samesite=lax", "path=/", "max-age=2592000")
    }


def test_behind_https_the_cookie_is_bound_to_the_host(start_server: object) -> None:
    started = start_server({"AKAKO_PUBLIC_URL": "https://school.example"})  # type: ignore[operator]
    response = Visitor(started).post("/sign-in", "https://school.example", person="user_123")
    cookie = set_cookie(response)
    assert cookie.startswith("__Host-akako=")
    assert {"secure", "httponly", "path=/"} <= {each.lower() for each in cookie.split("; ")}
    assert "domain" not in cookie.lower()


def test_only_a_hash_of_the_cookie_is_stored(api: Server) -> None:
    visitor = signed_in(api, "learner")
    with api.db() as db:
        stored = {bytes(row[0]) for row in db.execute("select id_hash from web_sessions")}
    assert hashlib.sha256(visitor.cookie.encode()).digest() in stored
    assert visitor.cookie.encode() not in stored


def test_sign_in_gives_a_new_id_and_ends_the_old_session(api: Server) -> None:
    visitor = signed_in(api, "learner")
    old = visitor.cookie
    visitor.sign_in("mentor")
    assert visitor.cookie != old
    thief = Visitor(api)
    thief.client.cookies.set("akako", old)
    assert home(thief) == 303


def test_a_planted_cookie_does_not_become_a_session(api: Server) -> None:
    visitor = Visitor(api)
    visitor.client.cookies.set("akako", "planted-by-another-site")
    response = visitor.sign_in("learner")
    assert "planted-by-another-site" not in set_cookie(response)
    victim = Visitor(api)
    victim.client.cookies.set("akako", "planted-by-another-site")
    assert home(victim) == 303


def test_sign_out_ends_the_session_and_erases_what_the_browser_kept(api: Server) -> None:
    visitor = signed_in(api, "learner")
    stolen = visitor.cookie
    response = visitor.submit("/sign-out")
    assert response.status_code == 303
    assert response.headers["clear-site-data"] == '"cache", "storage"'
    assert "max-age=0" in set_cookie(response).lower()
    visitor.client.cookies.set("akako", stolen)
    assert home(visitor) == 303


def test_refused_cookies_are_explained(api: Server) -> None:
    visitor = Visitor(api)
    visitor.sign_in("learner")
    visitor.client.cookies.clear()
    answer = visitor.get("/home", Referer=f"{api.url}/sign-in?next=/home")
    page = visitor.get(answer.headers["location"])
    assert "This browser refuses the cookie" in page.text
    assert 'name="next" value="/home"' in page.text
    plain = visitor.get(visitor.get("/home", Referer=f"{api.url}/").headers["location"])
    assert "This browser refuses the cookie" not in plain.text


@pytest.mark.parametrize(
    "change", ["seen_at = now() - interval '13 hours'", "created_at = now() - interval '31 days'"]
)
def test_old_sessions_expire(api: Server, change: str) -> None:
    visitor = signed_in(api, api.user("expiring"))
    assert home(visitor) == 200
    condition = "where id_hash = %s"
    digest = hashlib.sha256(visitor.cookie.encode()).digest()
    api.execute(f"update web_sessions set {change} {condition}", digest)
    assert home(visitor) == 303


def test_use_keeps_a_session_alive(api: Server) -> None:
    visitor = signed_in(api, api.user("busy"))
    digest = hashlib.sha256(visitor.cookie.encode()).digest()
    late = "update web_sessions set seen_at = now() - interval '11 hours' where id_hash = %s"
    for _ in range(2):
        api.execute(late, digest)
        assert home(visitor) == 200
    with api.db() as db:
        row = db.execute(
            "select seen_at > now() - interval '1 minute' from web_sessions where id_hash = %s",
            (digest,),
        ).fetchone()
    assert row == (True,)


def test_deactivating_a_user_ends_their_sessions_for_good(api: Server) -> None:
    clerk_id = api.user("left")
    visitor = signed_in(api, clerk_id)
    user = f"/api/users/{api.user_id(clerk_id)}"
    for status in ("INACTIVE", "ACTIVE"):
        changed = api.put(user, as_="admin", json={"status": status})
        assert changed.status_code == 200, changed.text
        assert home(visitor) == 303


def test_another_session_can_be_ended_from_the_account_page(api: Server) -> None:
    clerk_id = api.user("twice")
    phone, laptop = signed_in(api, clerk_id), signed_in(api, clerk_id)
    page = laptop.get("/me").text
    assert "This browser" in page
    with api.db() as db:
        (row,) = db.execute(
            "select public_id from web_sessions where id_hash = %s",
            (hashlib.sha256(phone.cookie.encode()).digest(),),
        )
    assert f"/me/sessions/{row[0]}/end" in page
    stranger = signed_in(api, api.user("stranger"))
    stranger.submit(f"/me/sessions/{row[0]}/end")
    assert home(phone) == 200
    assert laptop.submit(f"/me/sessions/{row[0]}/end").status_code == 303
    assert (home(phone), home(laptop)) == (303, 200)


def test_pages_of_signed_in_people_are_not_stored(api: Server) -> None:
    visitor = signed_in(api, "learner")
    for path in ("/home", "/browse", "/me", "/requests", "/nowhere"):
        assert visitor.get(path).headers["cache-control"] == "no-store", path


def test_the_api_reads_no_cookie(api: Server) -> None:
    visitor = signed_in(api, "learner")
    assert visitor.get("/api/auth/profile").status_code == 401
