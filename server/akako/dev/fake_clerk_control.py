"""The fake Clerk as a program, controlled over HTTP, to try an integration without Clerk.

    akako dev clerk --port 9400 [--webhook-url URL]

Besides Clerk's own endpoints it has these, all POST with a JSON object:

- /control/users {id, email, email_status, ...}: add or replace a user, and send user.created or
  user.updated; `email_status` is "verified" (default) or another verification status
- /control/users/delete {id}: delete a user, and send user.deleted
- /control/token {sub, ttl, ...}: mint a session token, with any other claims
- /control/webhook {type, data, id}: send any event, signed; with an id again, as the same message
- /control/rotate {keep_old}: sign with a new key from now on
- /control/fail {endpoint, status, body, headers, delay}: fail at an endpoint
- /control/heal {}: fail no more
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from typing import Any

import httpx2
import uvicorn

from akako.dev.fake_clerk import FakeClerk, sign_webhook

ENDPOINTS = ("jwks", "user", "users")
INSTANCE_ID = "ins_fake"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a public test secret
Json = dict[str, Any]


class Control:
    """An ASGI application: the fake Clerk and its control endpoints."""

    def __init__(self, clerk: FakeClerk, webhook_url: str | None) -> None:
        self.clerk = clerk
        self.webhook_url = webhook_url
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Json, receive: Any, send: Any) -> None:
        if not scope["path"].startswith("/control/"):
            await self.clerk.app(scope, receive, send)
            return
        name = scope["path"].removeprefix("/control/").replace("/", "_")
        command = getattr(self, f"do_{name}", None)
        try:
            given = json.loads(await _body(receive) or b"{}")
            if not isinstance(given, dict):
                raise TypeError("not an object")
            status, answer = (200, await command(given)) if command else (404, {"error": "unknown"})
        except (KeyError, TypeError, ValueError) as error:
            status, answer = 400, {"error": str(error)}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def do_users(self, given: Json) -> Json:
        id = given.pop("id")
        known = id in self.clerk.users
        user = self.clerk.put_user(id, given.pop("email", None), **given)
        return {"user": user, **await self._send("user.updated" if known else "user.created", user)}

    async def do_users_delete(self, given: Json) -> Json:
        self.clerk.users.pop(given["id"], None)
        data = {"id": given["id"], "object": "user", "deleted": True}
        return await self._send("user.deleted", data)

    async def do_token(self, given: Json) -> Json:
        sub, ttl = given.pop("sub"), given.pop("ttl", 60)
        # One session per user, so that ending it signs out no other user.
        given.setdefault("sid", f"sess_{sub.removeprefix('user_')}")
        return {"token": self.clerk.mint(sub, ttl=ttl, **given), "sid": given["sid"]}

    async def do_webhook(self, given: Json) -> Json:
        return await self._send(given["type"], given["data"], given.get("id"))

    async def do_rotate(self, given: Json) -> Json:
        return {"kid": self.clerk.rotate(keep_old=given.get("keep_old", True))}

    async def do_fail(self, given: Json) -> Json:
        endpoint = given.pop("endpoint")
        if endpoint not in ENDPOINTS:
            raise ValueError(f"endpoint is one of {', '.join(ENDPOINTS)}")
        self.clerk.fail(endpoint, **given)
        return {"failing": endpoint}

    async def do_heal(self, given: Json) -> Json:
        self.clerk.heal()
        return {"failing": None}

    async def _send(self, kind: str, data: Json, message_id: str | None = None) -> Json:
        """Deliver an event; the response holds the receiver's status, null if there was none."""
        message_id = message_id or f"msg_{time.time_ns()}_{next(self._numbers)}"
        if self.webhook_url is None:
            return {"delivered": None}
        event = {
            "data": data,
            "instance_id": INSTANCE_ID,
            "object": "event",
            "type": kind,
            "timestamp": int(time.time() * 1000),
        }
        body = json.dumps(event).encode()
        signed = sign_webhook(body, WEBHOOK_SECRET, message_id)
        headers = {"Content-Type": "application/json", **signed}
        try:
            async with httpx2.AsyncClient(timeout=15) as client:
                answer = await client.post(self.webhook_url, content=body, headers=headers)
        except httpx2.TransportError as error:
            return {"id": message_id, "delivered": None, "error": type(error).__name__}
        return {"id": message_id, "delivered": answer.status_code}


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def run(port: int, webhook_url: str | None) -> None:
    """Serve until SIGTERM or SIGINT; events go to `webhook_url`."""
    try:
        clerk = FakeClerk(port=port)
    except (OSError, OverflowError) as error:
        sys.exit(f"akako: --port {port} cannot be used: {error}")
    sys.stdout.write(
        f"A fake Clerk listens at {clerk.url}. Start Akako with\n"
        f"  AKAKO_CLERK_ISSUER={clerk.issuer} AKAKO_CLERK_API_URL={clerk.api_url} \\\n"
        f"  AKAKO_CLERK_SECRET_KEY={clerk.secret_key} \\\n"
        f"  AKAKO_CLERK_WEBHOOK_SECRETS={WEBHOOK_SECRET} \\\n"
        f"  AKAKO_CLERK_INSTANCE_ID={INSTANCE_ID} akako serve\n"
        "and create a user who can sign in:\n"
        f"  curl -X POST {clerk.url}/control/users "
        '-d \'{"id": "user_1", "email": "one@example.com"}\'\n'
        f'  curl -X POST {clerk.url}/control/token -d \'{{"sub": "user_1"}}\'\n'
    )
    sys.stdout.flush()
    config = uvicorn.Config(
        Control(clerk, webhook_url), http="h11", ws="none", lifespan="off", log_level="warning"
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[clerk.socket]))
