"""Plain ASGI that sends ready bytes: what the server and the protocol alone cost."""

from __future__ import annotations

from typing import Any

BODY = b"x" * 3_900
HEADERS = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"content-length", b"%d" % len(BODY)),
]


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
