"""A fake Clerk on a loopback port: keys, users, session tokens and webhook signatures.

It imports nothing of this project, so an integrator can copy it. A test can change everything while
the server runs, and every request is counted.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

Json = dict[str, Any]
START_SECONDS = 10.0


@dataclass(frozen=True)
class Failure:
    """How an endpoint fails; `body` may also be "drip" (a byte per second) or "flood" (1 GB)."""

    status: int = 200
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integer64(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwk(key: rsa.RSAPrivateKey, kid: str) -> Json:
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": integer64(numbers.n),
        "e": integer64(numbers.e),
    }


def sign_token(header: bytes, payload: bytes, key: rsa.RSAPrivateKey) -> str:
    """Return a correctly signed token around any bytes, well-formed or not."""
    signing_input = f"{base64url(header)}.{base64url(payload)}"
    signature = key.sign(signing_input.encode(), padding.PKCS1v15(), SHA256())
    return f"{signing_input}.{base64url(signature)}"


def sign_webhook(
    body: bytes, secret: str, msg_id: str, timestamp: int | None = None
) -> dict[str, str]:
    """Return the headers that Svix sends with `body`; `secret` starts with `whsec_`."""
    sent_at = str(int(time.time()) if timestamp is None else timestamp)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{msg_id}.{sent_at}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "svix-id": msg_id,
        "svix-timestamp": sent_at,
        "svix-signature": f"v1,{signature}",
    }


def email_address(email: str | None, status: str = "verified", *, id: str | None = None) -> Json:
    return {"id": id or f"idn_{email}", "email_address": email, "verification": {"status": status}}


class FakeClerk:
    """The fake Clerk. Endpoints, as `fail` names them: "jwks", "user", "users"."""

    def __init__(
        self,
        issuer: str | None = None,
        secret_key: str = "sk_test_fake",  # noqa: S107 - opens nothing but this fake
        *,
        port: int = 0,
    ) -> None:
        self.socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.issuer = issuer or self.url
        self.secret_key = secret_key
        self.jwks_url = f"{self.url}/.well-known/jwks.json"
        self.api_url = f"{self.url}/v1"
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.extra_jwks: list[Any] = []
        self.users: dict[str, Json] = {}
        self.failures: dict[str, Failure] = {}
        self.counts: Counter[str] = Counter()  # by path
        self.headers: list[dict[str, str]] = []  # of every request, in order
        self.kid = self.rotate()

    # Keys and tokens

    def rotate(self, *, keep_old: bool = True) -> str:
        """Sign with a new key from now on; return its id. Old keys stay published if kept."""
        if not keep_old:
            self.keys.clear()
        self.kid = f"ins_{secrets.token_hex(8)}"
        self.keys[self.kid] = new_key()
        return self.kid

    def claims(self, sub: str, *, ttl: float = 60, at: float | None = None) -> Json:
        """Return the claims of a session token (version 2) issued at `at`, by default now."""
        now = int(time.time() if at is None else at)
        return {
            "azp": "https://app.example.com",
            "exp": now + ttl,
            "fva": [0, -1],
            "iat": now,
            "iss": self.issuer,
            "jti": secrets.token_hex(10),
            "nbf": now - 10,
            "sid": "sess_fake",
            "sub": sub,
            "v": 2,
        }

    def mint(
        self,
        sub: str = "user_123",
        *,
        ttl: float = 60,
        at: float | None = None,
        key: rsa.RSAPrivateKey | None = None,
        kid: str | None = None,
        header: Mapping[str, object] | None = None,
        without: Collection[str] = (),
        **claims: object,
    ) -> str:
        """Return a token. `claims` and `header` replace or add, `without` leaves some out."""
        kid = self.kid if kid is None else kid
        head: Json = {"alg": "RS256", "kid": kid, "typ": "JWT", **(header or {})}
        payload = {**self.claims(sub, ttl=ttl, at=at), **claims}
        parts = [
            json.dumps({name: value for name, value in part.items() if name not in without})
            for part in (head, payload)
        ]
        return sign_token(parts[0].encode(), parts[1].encode(), key or self.keys[self.kid])

    def mint_raw(self, *, header: bytes | None = None, payload: bytes | None = None) -> str:
        """Return a correctly signed token around any bytes, by default the usual ones."""
        usual = json.dumps({"alg": "RS256", "kid": self.kid, "typ": "JWT"}).encode()
        claims = json.dumps(self.claims("user_123")).encode()
        return sign_token(
            usual if header is None else header,
            claims if payload is None else payload,
            self.keys[self.kid],
        )

    # Users and behaviour

    def put_user(
        self, id: str, email: str | None = None, *, email_status: str = "verified", **fields: object
    ) -> Json:
        """Add or replace a user; `fields` are those of Clerk's User object. Times are in ms."""
        now = int(time.time() * 1000)
        address = email_address(email, email_status, id=f"idn_{id}")
        self.users[id] = {
            "id": id,
            "object": "user",
            "username": None,
            "first_name": None,
            "last_name": None,
            "image_url": None,
            "banned": False,
            "locked": False,
            "created_at": now,
            "updated_at": now,
            "email_addresses": [address] if email else [],
            "primary_email_address_id": address["id"] if email else None,
            **fields,
        }
        return self.users[id]

    def fail(
        self,
        endpoint: str,
        status: int = 200,
        body: bytes | str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
    ) -> None:
        self.failures[endpoint] = Failure(status, body, headers or {}, delay)

    def heal(self) -> None:
        self.failures.clear()

    def count(self, prefix: str = "/") -> int:
        """Return the number of requests for paths that start with `prefix`."""
        return sum(number for path, number in self.counts.items() if path.startswith(prefix))

    def reset(self) -> None:
        """Forget users, failures and counts; keep the address and the keys."""
        for each in (self.users, self.failures, self.counts, self.headers, self.extra_jwks):
            each.clear()

    # The server

    @contextmanager
    def running(self) -> Iterator[FakeClerk]:
        config = uvicorn.Config(
            self.app,
            interface="asgi3",
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_level="critical",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            thread.join(START_SECONDS)
            self.socket.close()

    async def app(self, scope: Json, receive: Any, send: Any) -> None:
        path = scope["path"]
        self.counts[path] += 1
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.headers.append(headers)
        endpoint, status, content = self._answer(path, scope["query_string"], headers)
        failure = self.failures.get(endpoint, Failure(status))
        await asyncio.sleep(failure.delay)
        if failure.status >= 400 and endpoint in self.failures:
            content = {"errors": [{"message": "fake failure", "code": "fake"}]}
        body = json.dumps(content).encode() if failure.body is None else failure.body
        lines = {"content-type": "application/json", **failure.headers}
        start = [(name.encode(), value.encode()) for name, value in lines.items()]
        await send({"type": "http.response.start", "status": failure.status, "headers": start})
        await _send_body(body, send)

    def _answer(self, path: str, query: bytes, headers: dict[str, str]) -> tuple[str, int, object]:
        """Return the name of the endpoint, and status and content of a successful response."""
        if path.endswith("/jwks.json") or path == "/v1/jwks":
            published = [jwk(key, kid) for kid, key in self.keys.items()]
            return "jwks", 200, {"keys": [*self.extra_jwks, *published]}
        endpoint = "users" if path == "/v1/users" else "user"
        if headers.get("authorization") != f"Bearer {self.secret_key}":
            return endpoint, 401, {"errors": [{"code": "authentication_invalid"}]}
        if endpoint == "users":
            return endpoint, 200, self._page(parse_qs(query.decode()))
        user = self.users.get(path.removeprefix("/v1/users/"))
        if user is None:
            return endpoint, 404, {"errors": [{"code": "resource_not_found"}]}
        return endpoint, 200, user

    def _page(self, query: dict[str, list[str]]) -> list[Json]:
        newest_first = query.get("order_by", ["-created_at"])[0].startswith("-")
        users = sorted(self.users.values(), key=lambda user: user.get("created_at") or 0)
        users = users[::-1] if newest_first else users
        ids = [user.get("id") for user in users]
        cursor = query.get("starting_after", [""])[0]
        first = ids.index(cursor) + 1 if cursor in ids else 0
        return users[first : first + int(query.get("limit", ["10"])[0])]


async def _send_body(body: bytes | str, send: Any) -> None:
    if body == "drip":
        chunks, pause = [b" "] * 60, 1.0
    elif body == "flood":
        chunks, pause = [b"x" * 65536] * 16384, 0.0
    else:
        chunks, pause = [body.encode() if isinstance(body, str) else body], 0.0
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
