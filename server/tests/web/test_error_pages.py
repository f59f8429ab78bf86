"""Error pages: what happened, what was kept, what to do, and the id of the request."""

from __future__ import annotations

import asyncio
import re
from typing import Any, cast

import httpx2
import pytest
from starlette.requests import Request

from akako.kernel.core.errors import (
    ApiError,
    RateLimited,
    ServiceUnavailable,
    ValidationFailed,
)
from akako.web import errors
from akako.web.site import Visit
from akako.web.visitor import Visitor
from tests.factories import create_subject
from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.visitor import Visitor as Client
from tests.web.visitor import signed_in

KEPT = "Your progress and your notes are kept."
NOTHING = "Nothing was changed."


def failed(problem: Exception, *, method: str = "GET", language: str = "en") -> tuple[int, str]:
    """Return status and HTML of the page for an error that a handler raises."""
    scope = {
        "type": "http",
        "method": method,
        "path": "/notes",
        "raw_path": b"/notes",
        "query_string": b"q=roots",
        "headers": [],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "state": {"request_id": "0123456789abcdef"},
    }
    visit = Visit(
        site=cast(Any, None),
        db=cast(Any, None),
        request=Request(scope),
        visitor=Visitor(language=language),
        path="/notes",
    )

    async def work() -> None:
        raise problem

    page = asyncio.run(errors.or_page(visit, work))
    return page.status_code, page.body.decode()


CASES: list[tuple[Exception, int, str, str]] = [
    (ZeroDivisionError(), 500, "Something went wrong", KEPT),
    (ServiceUnavailable(), 503, "The school is busy", KEPT),
    (RateLimited("user", 600, 0, 17), 429, "Too many requests", KEPT),
]


@pytest.mark.parametrize(("problem", "status", "title", "kept"), CASES)
def test_errors_of_the_server(problem: Exception, status: int, title: str, kept: str) -> None:
    found, page = failed(problem)
    assert found == status
    assert f"<h1>{title}</h1>" in page
    assert kept in page
    assert "<code>0123456789abcdef</code>" in page
    assert 'href="/notes?q=roots"' in page  # try again
    assert page.count('role="status"') == 1
    assert "ZeroDivisionError" not in page
    if isinstance(problem, ApiError) and status == 429:
        assert '<span data-countdown="17" data-then="ready">17</span>' in page
    _, posted = failed(problem, method="POST")
    assert "/notes?q=roots" not in posted  # a form is not sent again by a link
    _, french = failed(problem, language="fr")
    assert kept not in french
    assert title not in french


def test_the_page_of_a_refused_value_says_why() -> None:
    status, page = failed(ValidationFailed.of("name", "Must be at most 120 characters", "x"))
    assert status == 422
    assert "<h1>Check what you entered</h1>" in page
    assert "Must be at most 120 characters" in page


@pytest.mark.processes
def test_errors_of_requests(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
    visitor = signed_in(api, add_learner(api).clerk_id)
    asked = f"/subjects/{made.id}/request"
    visitor.submit(asked)
    large = "a" * 1_100_000
    cases = [
        (visitor.get("/nowhere"), 404, "Page not found", KEPT),
        (visitor.get("/admin"), 403, "This page is not for you", NOTHING),
        (visitor.post(asked, form_token="wrong"), 403, "This page is not for you", NOTHING),
        (visitor.submit(asked), 409, "Something changed in the meantime", NOTHING),
        (visitor.submit("/me", first_name=large), 413, "This is too large", "Nothing was stored."),
    ]
    for page, status, title, kept in cases:
        assert page.status_code == status, title
        assert f"<h1>{title}</h1>" in page.text
        assert kept in page.text, title
        assert page.headers["x-request-id"] in page.text, title
    assert "The limit is 1 MB." in cases[4][0].text
    assert re.search('<input[^>]*name="q"', cases[0][0].text)  # search the school instead


@pytest.mark.processes
def test_reasons_are_in_the_language_of_the_page(api: Server) -> None:
    visitor = Client(api, **{"Accept-Language": "fr"})
    visitor.sign_in(add_learner(api).clerk_id)
    refused = visitor.post("/me", form_token="wrong")
    assert refused.status_code == 403
    assert "Le formulaire est périmé" in refused.text


@pytest.mark.processes
def test_a_page_without_the_method_names_those_that_it_has(api: Server) -> None:
    cases = {
        ("GET", "/session/token"): "POST",
        ("POST", "/home"): "GET, HEAD",
        ("PUT", "/sign-out"): "GET, HEAD, POST",
        ("DELETE", "/subjects/some"): "GET, HEAD",
    }
    for (method, path), allowed in cases.items():
        response = httpx2.request(method, f"{api.url}{path}", timeout=60)
        assert response.status_code == 405, path
        assert response.headers["allow"] == allowed
        assert response.json()["code"] == "METHOD_NOT_ALLOWED"
        assert response.json()["details"] == {"allowed": allowed.split(", ")}
    page = signed_in(api, add_learner(api).clerk_id).get("/subjects/some/request")
    assert page.status_code == 405
    assert page.headers["allow"] == "POST"
    assert "<h1>This address takes forms only</h1>" in page.text
    assert httpx2.post(f"{api.url}/nowhere", timeout=60).status_code == 404


def test_a_nul_in_an_address_or_a_form_is_no_crash(api: Server) -> None:
    visitor = signed_in(api, "learner")
    for path in ("/subjects/%00", "/topics/%00", "/browse/grades/a%00b", "/home?grade=%00"):
        assert visitor.get(path).status_code == 404, path
    for path in (
        "/notes?q=%00",
        "/media/documents/%00",
        "/browse/levels/%00",
        "/media/topics/%00/video",
    ):
        assert visitor.get(path).status_code in {404, 422}, path
    for path, fields in (
        ("/subjects/%00/request", {}),
        ("/requests/%00/withdraw", {}),
        ("/topics/%00/done", {}),
        ("/me/sessions/%00/end", {}),
        ("/mentor/apply", {"motivation": "a\x00b"}),
        ("/me", {"first_name": "a\x00b"}),
    ):
        assert 400 <= visitor.submit(path, **fields).status_code < 500, path
