"""A receiver of webhooks in plain ASGI: it accepts every POST, and a GET returns their number."""

from __future__ import annotations

from typing import Any

received = [0]


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
        received[0] += 1
    else:
        body = str(received[0]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
