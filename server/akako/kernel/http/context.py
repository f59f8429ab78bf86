"""The context of a request: its scope, headers, caller and dependencies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any, Protocol, TypeVar

from akako.kernel.core.access import Actor
from akako.kernel.core.errors import RateLimited, Unauthorized
from akako.kernel.core.ports import Claims
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Request as ListRequest
from akako.kernel.http.asgi import Receive, Scope
from akako.kernel.http.responses import Headers

T = TypeVar("T")

# What rooms need from the backends and settings, by the type that each room declares.
Dependencies = Mapping[type[Any], Any]


class Meter(Protocol):
    """Counts requests against the monthly quota of a plan."""

    async def charge(self, db: Database, actor: Actor, claims: Claims) -> Headers:
        """Count one request; return the quota headers. Raises QuotaExceeded."""

    def refund(self, actor: Actor, claims: Claims) -> None:
        """Refund one request whose response does not count."""

    def refuse(self, actor: Actor, claims: Claims) -> None:
        """Count one request that was refused with 429."""

    def unspent(self, subject: str, month: date) -> int:
        """Return how many reserved requests of this process have not been made yet."""


def joined_headers(scope: Scope) -> dict[bytes, bytes]:
    """Return all headers; repeated ones are joined with commas (RFC 9110, section 5.3)."""
    joined: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


class Context:
    """A request. Services receive single values of it, never the context itself."""

    __slots__ = (
        "address",
        "body_asked_for",
        "charged",
        "claims",
        "db",
        "dependencies",
        "generation",
        "headers",
        "id",
        "in_transaction",
        "link",
        "listing",
        "maybe_actor",
        "over_limit",
        "public",
        "receive",
        "response_headers",
        "scope",
    )

    def __init__(
        self, scope: Scope, receive: Receive, *, id: str, db: Database, dependencies: Dependencies
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.id = id
        self.db = db
        self.dependencies = dependencies
        self.headers = joined_headers(scope)
        self.address = ""
        self.body_asked_for = False
        self.in_transaction = False  # whether `db` is a transaction of the pipeline
        self.charged = False  # whether the request was counted against the quota
        self.link: str | None = None  # stands for the bearer token
        self.over_limit: RateLimited | None = None  # for handlers that may serve the request anyway
        self.public = False  # whether the response is the same for all anonymous callers
        self.generation = 0  # of the public cache, when the request started
        self.claims: Claims | None = None
        self.maybe_actor: Actor | None = None
        self.response_headers: Headers = []
        self.listing: ListRequest | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def actor(self) -> Actor:
        """Return the signed-in caller. Only for endpoints that require a token."""
        if self.maybe_actor is None:
            raise Unauthorized("missing")
        return self.maybe_actor

    def get(self, kind: type[T]) -> T:
        """Return the dependencies of a room, by their type."""
        found: T = self.dependencies[kind]
        return found

    def header(self, name: str) -> str | None:
        value = self.headers.get(name.lower().encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises ClientGone if the connection ends first."""
        more = self.body_asked_for = True
        while more:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientGone
            if chunk := message.get("body"):
                yield chunk
            more = message.get("more_body", False)


class ClientGone(Exception):
    """The client closed the connection; no response can be sent."""
