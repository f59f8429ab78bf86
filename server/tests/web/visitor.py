"""A browser without script: cookies, forms and the headers that browsers send with them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx2

from tests.parts.server import SIGN_INS, Server

TOKEN = re.compile(r'name="form_token" value="([^"]*)"')


class Visitor:
    """One browser at the pages of a server."""

    def __init__(self, api: Server, **headers: str) -> None:
        self.api = api
        self.client = httpx2.Client(
            base_url=api.url,
            timeout=30,
            verify=False,  # reading certificate authorities takes 30 ms
            headers={"Accept": "text/html", **headers},
            limits=httpx2.Limits(max_keepalive_connections=0),  # no socket outlives its test
        )

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(path, headers=headers)

    def token(self, path: str = "/me") -> str:
        """Return the form token of a page."""
        found = TOKEN.search(self.get(path).text)
        assert found, path
        return unescape(found[1])

    def submit(
        self, path: str, page: str = "/me", origin: str | None = "", **fields: Any
    ) -> httpx2.Response:
        """Send a form of a page. The empty origin is this server's; None sends none."""
        fields.setdefault("form_token", self.token(page))
        return self.post(path, origin, **fields)

    def post(self, path: str, origin: str | None = "", **fields: Any) -> httpx2.Response:
        headers = {} if origin is None else {"Origin": origin or self.api.url}
        return self.client.post(path, data=fields, headers=headers)

    def sign_in(self, who: str, wanted: str = "/home") -> httpx2.Response:
        return self.post("/sign-in", person=SIGN_INS.get(who, who), next=wanted)

    @property
    def cookie(self) -> str:
        return str(self.client.cookies["akako"])


def signed_in(api: Server, who: str) -> Visitor:
    visitor = Visitor(api)
    response = visitor.sign_in(who)
    assert response.status_code == 303, response.text
    return visitor
