"""One request on its way through the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Protocol

import msgspec

from akako.kernel.core.access import Actor, Policy
from akako.kernel.core.errors import RateLimited, Unauthorized
from akako.kernel.core.ports import Claims, Directory, ObjectStore
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Request as ListRequest
from akako.kernel.files.space import RESERVE, Reserve
from akako.kernel.http.asgi import Receive, Scope
from akako.kernel.http.body_budget import BodyBudget
from akako.kernel.http.file_proxy import FileProxy
from akako.kernel.http.reply import Headers


class Meter(Protocol):
    """Counts the calls that a plan allows in a month."""

    async def charge(self, db: Database, actor: Actor, claims: Claims) -> Headers:
        """Count one call; return the quota headers. Raise QuotaExceeded when none is left."""

    def refund(self, actor: Actor, claims: Claims) -> None:
        """Give one call back, for an answer that was no service."""

    def unspent(self, subject: str, month: date) -> int:
        """Calls that the database counts already, although they were not made yet."""


class Outside(msgspec.Struct, kw_only=True):
    """The parts of the outside world that rooms may use, and the settings that concern them."""

    directory: Directory | None  # None where the identity provider cannot be asked
    store: ObjectStore
    file_proxy: FileProxy | None = None  # None where files are sent from here
    meter: Meter
    policy: Policy = Policy()
    webhook_secrets: tuple[str, ...] = ()
    clerk_instance_id: str | None = None
    # Messages applied at once; more of them wait, so that a flood leaves the database to others.
    webhook_turns: asyncio.Semaphore = msgspec.field(default_factory=lambda: asyncio.Semaphore(4))
    # Bodies of messages whose signature cannot be checked before they are there.
    webhook_bodies: BodyBudget = msgspec.field(default_factory=BodyBudget)
    max_document_bytes: int = 50 * 1024 * 1024
    max_video_bytes: int = 500 * 1024 * 1024
    max_upload_seconds: int = 3600  # of one request that sends a file
    max_unfinished_bytes: int | None = None  # of a user's resumable uploads; None: two files
    reserve: Reserve = RESERVE  # of each disk
    uploads: Path = Path("uploads")  # the folder in which resumable uploads grow
    openapi: bytes = b""


def joined_headers(scope: Scope) -> dict[bytes, bytes]:
    """Joined as HTTP defines it, so that a repeated header never hides its first value."""
    joined: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


class Call:
    """The facts of a request. Services are given what they need of it, never the call itself."""

    __slots__ = (
        "address",
        "body_asked_for",
        "charged",
        "claims",
        "db",
        "generation",
        "headers",
        "id",
        "in_transaction",
        "listing",
        "maybe_actor",
        "outside",
        "over_limit",
        "public",
        "receive",
        "reply_headers",
        "scope",
    )

    def __init__(
        self, scope: Scope, receive: Receive, *, id: str, db: Database, outside: Outside
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.id = id
        self.db = db
        self.outside = outside
        self.headers = joined_headers(scope)
        self.address = ""
        self.body_asked_for = False
        self.in_transaction = False  # whether `db` is one that the pipeline has opened
        self.charged = False  # whether the call was counted towards the month's quota
        self.over_limit: RateLimited | None = None  # for handlers that may pardon it
        self.public = False  # whether anonymous callers get the same as long as they are anonymous
        self.generation = 0  # of public answers, when the request came
        self.claims: Claims | None = None
        self.maybe_actor: Actor | None = None
        self.reply_headers: Headers = []
        self.listing: ListRequest | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def actor(self) -> Actor:
        """The signed-in caller. Only for endpoints whose access asks for a token."""
        if self.maybe_actor is None:
            raise Unauthorized("missing")
        return self.maybe_actor

    def header(self, name: str) -> str | None:
        value = self.headers.get(name.lower().encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raise ClientGone when the connection ends first."""
        more = self.body_asked_for = True
        while more:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientGone
            if chunk := message.get("body"):
                yield chunk
            more = message.get("more_body", False)


class ClientGone(Exception):
    """The client closed the connection; there is nobody left to answer."""
