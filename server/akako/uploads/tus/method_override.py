"""X-HTTP-Method-Override, for clients that cannot send PATCH and DELETE.

tus 1.0.0 requires it: the header's value is the method of the request. Only POST requests are read
that way, so that no link or image can cause a change.
"""

from __future__ import annotations

from akako.kernel.http.asgi import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-http-method-override"
UPLOADS = "/api/uploads/"


class MethodOverride:
    """Middleware that replaces the method of requests for one upload."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = _overriding_method(scope)
        if method is not None:
            # A copy: the HTTP server frames the response by the method in its own scope.
            scope = {**scope, "method": method}
            send = _bodiless(send) if method == "HEAD" else send
        await self.app(scope, receive, send)


def _overriding_method(scope: Scope) -> str | None:
    """Return the method that a POST request stands for, or None without the header."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    if not scope["path"].startswith(UPLOADS):
        return None
    value = next((value for name, value in scope["headers"] if name == HEADER), None)
    return None if value is None else str(value.decode("latin-1")).strip().upper()


def _bodiless(send: Send) -> Send:
    """Return `send` for a response without its body, with a Content-Length that says so.

    The client has sent POST: it reads as many bytes as Content-Length says.
    """

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            message = {**message, "headers": [*headers, (b"content-length", b"0")]}
        elif message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return sent
