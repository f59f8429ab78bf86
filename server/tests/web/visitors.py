"""A visitor without script: pages and forms over HTTP, with the cookie of a session."""

from __future__ import annotations

import re
import weakref
from typing import Any

import httpx2

from tests.parts.server import Server

TOKEN = re.compile(r'name="form_token" value="([^"]*)"')
STATUS = re.compile(r'role="status"[^>]*>(.*?)</div>', re.DOTALL)


class Visitor:
    """A signed-in browser without script."""

    def __init__(self, server: Server, clerk_id: str) -> None:
        self.origin = server.url
        self.client = httpx2.Client(
            base_url=server.url,
            timeout=60,
            verify=False,
            headers={"Accept": "text/html,*/*;q=0.8"},
        )
        weakref.finalize(self, self.client.close)
        signed_in = self.client.post(
            "/sign-in", data={"person": clerk_id}, headers={"Origin": self.origin}
        )
        assert signed_in.status_code == 303, signed_in.text
        self.form_token = TOKEN.findall(self.get("/me").text)[0]

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def send(
        self,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        form_token: str | None = None,
        origin: str | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """Send a form of this session."""
        token = self.form_token if form_token is None else form_token
        return self.client.post(
            path,
            data={"form_token": token, **(fields or {})},
            headers={"Origin": origin or self.origin},
            **more,
        )


def announced(response: httpx2.Response) -> str:
    """Return the text of the page's status region."""
    found = STATUS.search(response.text)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def ids(pattern: str, response: httpx2.Response) -> list[str]:
    """Return the ids in the addresses of a page, without repetitions."""
    return list(dict.fromkeys(re.findall(pattern, response.text)))
