"""Endpoints for health, metrics and documentation, without limits, quota or sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import msgspec
from prometheus_client.metrics_core import Metric

from akako.kernel.core.access import UNGUARDED
from akako.kernel.core.envelope import Ok
from akako.kernel.core.errors import NotFound, ServiceUnavailable
from akako.kernel.db.database import Database
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get
from akako.kernel.http.responses import (
    JSON_TYPE,
    NO_REFERRER,
    NO_STORE,
    NOSNIFF,
    PROTECTIVE,
    Response,
)
from akako.ops import pages, scraping
from akako.ops.state_metrics import folder, state_metrics


class ApiDocument(msgspec.Struct, frozen=True):
    """The OpenAPI document, encoded."""

    content: bytes


class DataFolder(msgspec.Struct, frozen=True):
    """The data folder of the server."""

    path: Path


class MoreMetrics(msgspec.Struct, frozen=True):
    """Functions that read metrics of rooms from the database on each scrape."""

    read: tuple[Callable[[Database], Awaitable[list[Metric]]], ...] = ()


TAG = Tag("Operations", "Health of the server, and the audit log.")

KEPT_BRIEFLY = (b"cache-control", b"public, max-age=60")


class Health(msgspec.Struct):
    status: str


@get("/health/live", access=UNGUARDED, absolute=True, exempt=True)
async def live(ctx: Context) -> Ok[Health]:
    """Check that the process runs."""
    return Ok(data=Health("live"))


@get("/health/ready", access=UNGUARDED, absolute=True, exempt=True, errors=(503,))
async def ready(ctx: Context) -> Ok[Health]:
    """Check that requests can be served: the database is reachable and has the schema."""
    if not await ctx.db.fetchval("select to_regclass('users') is not null"):
        raise ServiceUnavailable
    return Ok(data=Health("ready"))


@get("/metrics", access=UNGUARDED, absolute=True, exempt=True, hidden=True)
async def read_metrics(ctx: Context) -> Response:
    """Return metrics in the Prometheus text format."""
    kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
    found = await state_metrics(ctx.db)
    for read in ctx.get(MoreMetrics).read:
        with suppress(ServiceUnavailable, asyncpg.PostgresError):
            found += await read(ctx.db)
    # In a thread, since both read files: a slow disk must not delay other requests.
    found += await asyncio.to_thread(folder, ctx.get(DataFolder).path)
    text = await asyncio.to_thread(scraping.render, found)
    return Response(200, text, [kind, NO_STORE, *PROTECTIVE])


@get("/openapi.json", access=UNGUARDED, absolute=True, exempt=True, hidden=True)
async def read_openapi(ctx: Context) -> Response:
    """Return the OpenAPI 3.1 document."""
    return Response(200, ctx.get(ApiDocument).content, [JSON_TYPE, KEPT_BRIEFLY, *PROTECTIVE])


@get("/docs", access=UNGUARDED, absolute=True, exempt=True, hidden=True)
async def read_docs(ctx: Context) -> Response:
    """Return the API documentation page."""
    return _asset("index.html")


@get("/docs/", access=UNGUARDED, absolute=True, exempt=True, hidden=True)
async def redirect_to_docs(ctx: Context) -> Response:
    """Redirect to the documentation page."""
    return Response(308, b"", [(b"location", b"/docs"), KEPT_BRIEFLY, *PROTECTIVE])


@get("/docs/{name}", access=UNGUARDED, absolute=True, exempt=True, hidden=True)
async def read_docs_asset(ctx: Context, name: str) -> Response:
    """Return a file of the documentation page."""
    return _asset(name)


def _asset(name: str) -> Response:
    found = pages.read(name)
    if found is None:
        raise NotFound
    kind, content = found
    policy = (b"content-security-policy", pages.POLICY)
    headers = [(b"content-type", kind), (b"cache-control", b"max-age=3600"), policy]
    return Response(200, content, [*headers, NOSNIFF, NO_REFERRER])
