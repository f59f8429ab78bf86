"""Traces for an OpenTelemetry collector: one span per request, statement and transaction.

The standard OTEL_* variables configure the exporter. Spans contain routes, methods, statuses and
SQL without values; they contain no client address, path, query string or header.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog

from akako import __version__
from akako.backends.database.pool import Observer, Pool, Transaction
from akako.kernel.http.asgi import ASGIApp, Message, Receive, Scope, Send
from akako.kernel.telemetry.metrics import METHODS

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

SQL_LENGTH = 300
# Exception messages may quote personal data.
WITHOUT_ERRORS: Any = {"record_exception": False, "set_status_on_exception": False}
PROPAGATED = (b"traceparent", b"tracestate")


log = structlog.get_logger(__name__)


def open_tracer() -> Tracer | None:
    """Return a tracer configured by the environment, or None without OpenTelemetry."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces_off", needs="akako-server[otel]")
        return None
    ours = Resource.create({"service.name": "akako", "service.version": __version__})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("akako", __version__)


class TracedApp:
    """Middleware: one span per request, as a child of the trace that the caller names."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._app = app
        self._tracer = tracer
        self._server = SpanKind.SERVER
        self._extract = TraceContextTextMapPropagator().extract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        given = {
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in PROPAGATED
        }
        status = 0

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.start_as_current_span(
            method, context=self._extract(given), kind=self._server, **WITHOUT_ERRORS
        ) as span:
            await self._app(scope, receive, send_and_record)
            route = scope["state"].get("route", "unmatched")
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                    "akako.request_id": scope["state"].get("request_id", ""),
                }
            )
            if status >= 500:
                span.set_status(_error())


def _error() -> Any:
    from opentelemetry.trace import StatusCode

    return StatusCode.ERROR


class TracedPool(Pool):
    """A pool with one span per read and transaction."""

    def __init__(self, url: str, tracer: Tracer, observer: Observer) -> None:
        super().__init__(url, observer=observer)
        self._tracer = tracer

    async def _read(self, method: str, sql: str, values: tuple[object, ...]) -> Any:
        text = " ".join(sql.split())
        attributes = {"db.system.name": "postgresql", "db.query.text": text[:SQL_LENGTH]}
        with self._tracer.start_as_current_span(
            text.partition(" ")[0].upper(), attributes=attributes, **WITHOUT_ERRORS
        ):
            return await super()._read(method, sql, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        attributes = {"db.system.name": "postgresql"}
        with self._tracer.start_as_current_span(
            "TRANSACTION", attributes=attributes, **WITHOUT_ERRORS
        ):
            async with super().transaction() as tx:
                yield tx
