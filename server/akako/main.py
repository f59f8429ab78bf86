"""Assembles settings, backends and rooms. The only module that knows everyone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from akako import settings as settings_module
from akako.assembly import Backends, assemble, verifier
from akako.authority import service as authority
from akako.backends import job_queue, public_changes, tracing
from akako.curriculum import routes as curriculum_routes
from akako.education import admin_routes as education_admin_routes
from akako.education import routes as education_routes
from akako.enrollment import routes as enrollment_routes
from akako.identity import actors
from akako.identity import routes as identity_routes
from akako.identity.routes import Accounts
from akako.kernel.core.access import Actor
from akako.kernel.core.ports import Claims
from akako.kernel.db import audit
from akako.kernel.db.jobs import Job
from akako.kernel.db.lock_waits import Turns
from akako.kernel.files.space import Reserve
from akako.kernel.http import application, idempotency
from akako.kernel.http.admission import Admission, LoadActor
from akako.kernel.http.asgi import ASGIApp
from akako.kernel.http.context import Context, Dependencies
from akako.kernel.http.endpoint import Endpoint, endpoints_of
from akako.kernel.http.limits import Limiter
from akako.kernel.http.pipeline import Pipeline
from akako.kernel.openapi import document
from akako.kernel.telemetry import logging, metrics
from akako.library import routes as library_routes
from akako.library.file_proxy import FileProxy
from akako.library.media import DOCUMENT, VIDEO, Files
from akako.mentors import routes as mentors_routes
from akako.ops import history_routes, reconciliation
from akako.ops import routes as ops_routes
from akako.ops.routes import ApiDocument, DataFolder
from akako.plans import routes as plans_routes
from akako.plans.meter import LeasingMeter
from akako.search import routes as search_routes
from akako.settings import Settings
from akako.storage import sweeper
from akako.storage.queries import CLEAN_UP
from akako.uploads import routes as uploads_routes
from akako.uploads import service as uploads_service
from akako.uploads.routes import ResumableUploads
from akako.webhooks import queries as webhook_queries
from akako.webhooks import routes as webhook_routes
from akako.webhooks.routes import ClerkWebhooks

ROOMS = (
    identity_routes,
    education_routes,
    education_admin_routes,
    curriculum_routes,
    library_routes,
    uploads_routes,
    search_routes,
    enrollment_routes,
    mentors_routes,
    webhook_routes,
    plans_routes,
    ops_routes,
    history_routes,
)
LEASE_CHECK_SECONDS = 5.0


def endpoints() -> list[Endpoint]:
    """All operations of the API."""
    return endpoints_of(*ROOMS)


def openapi() -> bytes:
    """The OpenAPI document, as it is served and committed."""
    return msgspec.json.format(msgspec.json.encode(document(endpoints())), indent=2) + b"\n"


def jobs(backends: Backends, settings: Settings) -> list[Job]:
    """What is done in the background, and when."""

    async def reconcile() -> None:
        if backends.directory is not None:
            await reconciliation.reconcile(backends.db, backends.directory, backends.policy)

    async def sweep() -> None:
        await uploads_service.sweep(backends.db, backends.uploads)
        await sweeper.sweep(backends.db, backends.store)

    days = {"audit_days": settings.audit_days, "outbox_days": settings.outbox_days}
    clean_up = partial(sweeper.clean_up, backends.db, backends.store)
    return [
        Job("identity.reconcile", reconcile, cron="17 3 * * *"),
        Job(CLEAN_UP, clean_up, retries=None, retry_seconds=30),
        Job("library.sweep", sweep, cron="41 * * * *"),
        Job("uploads.sweep", partial(uploads_service.sweep, backends.db, backends.uploads)),
        Job(
            "idempotency.forget", partial(idempotency.delete_expired, backends.db), cron="7 * * * *"
        ),
        Job(
            "webhooks.forget",
            partial(webhook_queries.delete_expired, backends.db),
            cron="27 * * * *",
        ),
        Job("audit.expire", partial(audit.expire, backends.db, **days), cron="37 4 * * *"),
    ]


def loader(backends: Backends) -> LoadActor:
    arrivals = Turns(actors.MAX_CONCURRENT, actors.TURN_SECONDS)

    async def load(ctx: Context, claims: Claims, *, provision: bool) -> Actor:
        return await actors.load_actor(
            ctx.db,
            backends.directory,
            claims,
            backends.policy,
            provision=provision,
            arrivals=arrivals,
            ip=ctx.address,
            request_id=ctx.id,
        )

    return load


def dependencies(settings: Settings, backends: Backends) -> Dependencies:
    """Return what the rooms get from the backends and settings, by the type that they ask for."""
    location = settings.accel_location
    files = Files(
        store=backends.store,
        file_proxy=FileProxy(location, settings.trusted_proxies) if location else None,
        max_bytes={
            DOCUMENT.folder: settings.max_document_bytes,
            VIDEO.folder: settings.max_video_bytes,
        },
        max_upload_seconds=settings.max_upload_seconds,
        reserve=Reserve(settings.reserve_bytes),
    )
    uploads = ResumableUploads(
        folder=backends.uploads, max_unfinished_bytes=settings.max_unfinished_bytes
    )
    webhooks = ClerkWebhooks(
        secrets=settings.clerk_webhook_secrets,
        instance_id=settings.clerk_instance_id,
        policy=backends.policy,
    )
    accounts = Accounts(directory=backends.directory, policy=backends.policy)
    folder = DataFolder(settings.data_dir)
    pages = ApiDocument(openapi())
    provided = (files, uploads, webhooks, accounts, backends.meter, pages, folder)
    return {type(each): each for each in provided}


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The API as an ASGI application, for any ASGI server."""
    settings = settings or settings_module.load()
    logging.configure(settings.log_level)
    tracer = tracing.open_tracer() if settings_module.traces_wanted() else None
    tokens = verifier(settings)
    backends = assemble(settings, tracer)
    pipeline = Pipeline(
        db=backends.db,
        admission=Admission(
            limiter=Limiter(backends.counters, settings.rates()),
            verifier=tokens,
            load_actor=loader(backends),
            meter=backends.meter,
            confirm=authority.confirm,
            trusted=settings.trusted_proxies,
            shared=settings.shared_networks,
        ),
        dependencies=dependencies(settings, backends),
    )

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        url = settings.database_url or ""
        aside = (
            _keep_leases_short(backends.meter),
            public_changes.listen(url, pipeline.public),
            metrics.watch(backends.db.connections),
        )
        tasks = [asyncio.create_task(each) for each in aside]
        async with job_queue.working(url, jobs(backends, settings)):
            yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await tokens.close()
        await backends.close()

    app = application.build(
        endpoints(),
        pipeline,
        origins=settings.cors_origins,
        observe=metrics.observe,
        secure=settings.production,
        lifespan=lifespan,
    )
    return tracing.TracedApp(app, tracer) if tracer else app


async def _keep_leases_short(meter: LeasingMeter) -> None:
    """Calls leased by this worker and not made are soon there for the other workers again."""
    while True:
        await asyncio.sleep(LEASE_CHECK_SECONDS)
        await meter.return_idle()
