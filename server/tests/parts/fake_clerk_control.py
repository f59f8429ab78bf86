"""The fake Clerk as a program, steered over HTTP, for trying an integration without Clerk.

    python -m tests.parts.fake_clerk_control --port 9400 [--webhook-url URL]

Beside Clerk's own endpoints it has these, all POST with a JSON object:

- /control/users {id, email, ...}: add or replace a user, and send user.created or user.updated
- /control/users/delete {id}: forget a user, and send user.deleted
- /control/token {sub, ttl}: mint a session token
- /control/webhook {type, data}: send any event, signed
- /control/rotate {}: sign with a new key from now on
- /control/fail {endpoint, status, body, delay} and /control/heal {}: misbehave, and stop that
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from typing import Any

import httpx
import uvicorn

from tests.parts.fake_clerk import FakeClerk, sign_webhook

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Json = dict[str, Any]


class Control:
    """An ASGI application: the fake Clerk, and what steers it."""

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
        return {"token": self.clerk.mint(given["sub"], ttl=given.get("ttl", 60))}

    async def do_webhook(self, given: Json) -> Json:
        return await self._send(given["type"], given["data"])

    async def do_rotate(self, given: Json) -> Json:
        return {"kid": self.clerk.rotate(keep_old=given.get("keep_old", True))}

    async def do_fail(self, given: Json) -> Json:
        endpoint = given.pop("endpoint")
        self.clerk.fail(endpoint, **given)
        return {"failing": endpoint}

    async def do_heal(self, given: Json) -> Json:
        self.clerk.heal()
        return {"failing": None}

    async def _send(self, kind: str, data: Json) -> Json:
        """Deliver an event; the answer says how it was received."""
        if self.webhook_url is None:
            return {"delivered": None}
        event = {
            "data": data,
            "object": "event",
            "type": kind,
            "timestamp": int(time.time() * 1000),
        }
        body = json.dumps(event).encode()
        signed = sign_webhook(body, WEBHOOK_SECRET, f"msg_{time.time_ns()}_{next(self._numbers)}")
        headers = {"Content-Type": "application/json", **signed}
        async with httpx.AsyncClient(timeout=15) as client:
            answer = await client.post(self.webhook_url, content=body, headers=headers)
        return {"delivered": answer.status_code}


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake Clerk on this machine.")
    parser.add_argument("--port", type=int, default=9400)
    parser.add_argument("--webhook-url", help="where events are sent")
    options = parser.parse_args()
    clerk = FakeClerk(port=options.port)
    sys.stdout.write(
        f"A fake Clerk listens at {clerk.url}. Start Akako with\n"
        f"  AKAKO_CLERK_ISSUER={clerk.issuer} AKAKO_CLERK_API_URL={clerk.api_url} \\\n"
        f"  AKAKO_CLERK_SECRET_KEY={clerk.secret_key} \\\n"
        f"  AKAKO_CLERK_WEBHOOK_SECRETS={WEBHOOK_SECRET} akako serve\n"
        "and make somebody to sign in:\n"
        f"  curl -X POST {clerk.url}/control/users "
        '-d \'{"id": "user_1", "email": "one@example.com"}\'\n'
        f'  curl -X POST {clerk.url}/control/token -d \'{{"sub": "user_1"}}\'\n'
    )
    sys.stdout.flush()
    config = uvicorn.Config(
        Control(clerk, options.webhook_url), ws="none", lifespan="off", log_level="warning"
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[clerk.socket]))


if __name__ == "__main__":
    main()
