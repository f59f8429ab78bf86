"""Writes of other sites, redirects to other sites, and text that users write."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.conftest import StartServer
from tests.factories import create_subject
from tests.learning.school import add_learner
from tests.parts.browser import WAIT_SECONDS
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">\'"'
OTHER = "https://evil.example"


@pytest.fixture(scope="module")
def learner(api: Server) -> Visitor:
    return signed_in(api, "learner")


def refused(visitor: Visitor, **fields: str) -> None:
    before = visitor.api.get("/api/auth/profile", as_="learner").json()["data"]["firstName"]
    response = visitor.client.post("/me", data=fields, headers={"Origin": visitor.api.url})
    assert response.status_code == 403
    after = visitor.api.get("/api/auth/profile", as_="learner").json()["data"]["firstName"]
    assert before == after


def test_a_form_needs_the_token_of_its_session(api: Server, learner: Visitor) -> None:
    others = signed_in(api, "mentor").token()
    for token in ("", "00", "zz", others):
        refused(learner, form_token=token, first_name="Mallory")
    refused(learner, first_name="Mallory")
    assert learner.submit("/me", first_name="Esi", last_name="Boateng").status_code == 303


@pytest.mark.parametrize("path", ["/me", "/sign-out", "/language", "/sign-in", "/session/token"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": OTHER},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_writes_of_other_sites_are_refused(
    learner: Visitor, path: str, headers: dict[str, str]
) -> None:
    fields = {"form_token": learner.token(), "person": "user_123"}
    response = learner.client.post(path, data=fields, headers=headers)
    assert response.status_code == 403
    assert learner.get("/home").status_code == 200


def test_tokens_differ_in_every_page(learner: Visitor) -> None:
    assert learner.token() != learner.token()


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/sign-out",
        "",
    ],
)
def test_sign_in_leads_to_paths_of_this_server_only(api: Server, wanted: str) -> None:
    response = Visitor(api).sign_in("learner", wanted)
    assert response.headers["location"] == "/home"
    page = Visitor(api).client.get("/sign-in", params={"next": wanted}).text
    assert "evil.example" not in page


def test_sign_in_returns_to_the_wanted_page(api: Server) -> None:
    visitor = Visitor(api)
    sent = visitor.get("/requests?page=2")
    assert (sent.status_code, sent.headers["location"]) == (
        303,
        "/sign-in?next=/requests%3Fpage%3D2",
    )
    page = visitor.get(sent.headers["location"])
    assert 'value="/requests?page=2"' in page.text
    assert visitor.sign_in("learner", "/requests?page=2").headers["location"] == "/requests?page=2"


def test_what_users_write_is_shown_as_text(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db, mentor_id=api.user_id("mentor"), name=HOSTILE[:90])
        for table, id_ in (("subjects", made.id), ("grades", made.grade_id)):
            db.execute(
                f"update {table} set description = %s where id = %s".encode(), (HOSTILE, id_)
            )
        db.execute("update grades set name = %s where id = %s", (HOSTILE[:90], made.grade_id))
    learner = add_learner(api)
    visitor = signed_in(api, learner.clerk_id)
    assert visitor.submit("/me", first_name=HOSTILE[:90], last_name="X").status_code == 303
    asked = visitor.submit(f"/subjects/{made.id}/request", message=HOSTILE)
    assert asked.status_code == 303
    api.execute(
        "update enrollments set status = 'REJECTED', decision_reason = %s where user_id = %s",
        *(HOSTILE, learner.id),
    )
    agent = Visitor(api, **{"User-Agent": HOSTILE})
    agent.sign_in(learner.clerk_id)
    pages = ["/home", "/browse", "/requests", "/me", "/sign-in", "/developers", "/mentor/apply"]
    pages += [f"/subjects/{made.id}", f"/browse/grades/{made.grade_id}"]
    pages += [f"/home?grade={made.grade_id}", f"/sign-in?next=/{HOSTILE}"]
    for path in pages:
        text = agent.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path


def test_a_form_of_a_mebibyte_is_refused_with_a_page(learner: Visitor) -> None:
    response = learner.submit("/me", first_name="x" * 1_100_000)
    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")


def test_a_form_without_a_length_is_not_called_too_large(api: Server, learner: Visitor) -> None:
    """A POST without a body has no length; a body in chunks would have no bound."""
    url = urlsplit(api.url)
    cookies = "; ".join(f"{name}={value}" for name, value in learner.client.cookies.items())
    head = f"POST /me HTTP/1.1\r\nHost: {url.netloc}\r\nOrigin: {api.url}\r\nCookie: {cookies}"
    address = (str(url.hostname), int(url.port or 0))
    statuses = []
    for rest in ("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na=bc\r\n0\r\n\r\n"):
        with socket.create_connection(address, WAIT_SECONDS) as line:
            line.sendall(f"{head}{rest}".encode())
            statuses.append(line.recv(12)[-3:])
    assert statuses == [b"403", b"400"]  # the form token is missing


def test_sign_in_attempts_are_limited_per_account_and_a_class_fits(
    start_server: StartServer,
) -> None:
    api = start_server({})
    people = [f"user_pupil{number}" for number in range(40)]
    assert {Visitor(api).sign_in(each).status_code for each in people} == {303}
    tries = [Visitor(api).sign_in("user_pupil1") for _ in range(21)]
    assert [each.status_code for each in tries].count(429) >= 1
    assert int(tries[-1].headers["retry-after"]) >= 1
    assert Visitor(api).sign_in("user_pupil2").status_code == 303
