"""Assembles settings, backends and rooms. The only module that knows everyone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from akako import settings as settings_module
from akako.authority import service as authority
from akako.backends import crash_reports, job_queue, public_changes, tracing
from akako.backends.clerk_directory import ClerkDirectory
from akako.backends.dev_directory import DevDirectory
from akako.backends.dev_issuer import DevIssuer
from akako.backends.key_set import JwksKeySet, StaticKeySet
from akako.backends.memory_counters import MemoryCounters
from akako.backends.object_store import open_store
from akako.backends.resilient_counters import ResilientCounters
from akako.backends.s3_store import S3Access
from akako.backends.token_verifier import JwtVerifier
from akako.backends.tracing import TracedPool
from akako.backends.valkey_counters import ValkeyCounters
from akako.education import admin_routes as education_admin_routes
from akako.education import routes as education_routes
from akako.enrollment import routes as enrollment_routes
from akako.identity import actors
from akako.identity import routes as identity_routes
from akako.kernel.core.access import Actor, Policy
from akako.kernel.core.ports import Claims, Counters, Directory, ObjectStore, TokenVerifier
from akako.kernel.db import audit
from akako.kernel.db.jobs import Job
from akako.kernel.db.pool import Observer, Pool
from akako.kernel.files.space import Reserve
from akako.kernel.http import application, idempotency
from akako.kernel.http.admission import Admission, LoadActor
from akako.kernel.http.asgi import ASGIApp
from akako.kernel.http.call import Call, Outside
from akako.kernel.http.endpoint import Endpoint, endpoints_of
from akako.kernel.http.file_proxy import FileProxy
from akako.kernel.http.limits import Limiter
from akako.kernel.http.pipeline import Pipeline
from akako.kernel.openapi import document
from akako.kernel.telemetry import logging, metrics
from akako.library import routes as library_routes
from akako.mentors import routes as mentors_routes
from akako.ops import history_routes, reconciliation
from akako.ops import routes as ops_routes
from akako.plans import routes as plans_routes
from akako.plans.meter import LeasingMeter
from akako.settings import Settings, SettingsError
from akako.storage import sweeper
from akako.uploads import routes as uploads_routes
from akako.uploads import service as uploads
from akako.webhooks import queries as webhook_queries
from akako.webhooks import routes as webhook_routes

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

ROOMS = (
    identity_routes,
    education_routes,
    education_admin_routes,
    library_routes,
    uploads_routes,
    enrollment_routes,
    mentors_routes,
    webhook_routes,
    plans_routes,
    ops_routes,
    history_routes,
)
LEASE_CHECK_SECONDS = 5.0


class Parts(msgspec.Struct, kw_only=True):
    """The backends that the settings ask for."""

    db: Pool
    verifier: TokenVerifier
    directory: Directory | None
    counters: Counters
    store: ObjectStore
    uploads: Path  # the folder of resumable uploads
    meter: LeasingMeter
    policy: Policy

    async def close(self) -> None:
        await self.meter.close()
        for part in (self.counters, self.verifier, self.directory, self.store, self.db):
            if part is not None:
                await part.close()


def assemble(settings: Settings, tracer: Tracer | None = None) -> Parts:
    """Make the backends; none of them is connected yet."""
    report_crashes(settings)
    url = settings.database_url or ""
    observer = Observer(metrics.record_wait, metrics.POOL_REFUSALS.inc)
    db = TracedPool(url, tracer, observer) if tracer else Pool(url, observer=observer)
    return Parts(
        db=db,
        verifier=verifier(settings),
        directory=directory(settings),
        counters=counters(settings),
        store=object_store(settings),
        uploads=settings.data_dir / "uploads",
        meter=LeasingMeter(db, first_party=settings.first_party_origins),
        policy=Policy(
            default_plan=settings.default_plan, bootstrap_admins=settings.bootstrap_admins
        ),
    )


def endpoints() -> list[Endpoint]:
    """All operations of the API."""
    return endpoints_of(*ROOMS)


def openapi() -> bytes:
    """The OpenAPI document, as it is served and committed."""
    return msgspec.json.format(msgspec.json.encode(document(endpoints())), indent=2) + b"\n"


def verifier(settings: Settings) -> TokenVerifier:
    if not settings.clerk_issuer:
        return DevIssuer.open(settings.data_dir).verifier()
    if settings.clerk_jwt_key:
        try:
            keys: StaticKeySet | JwksKeySet = StaticKeySet.from_pem(settings.clerk_jwt_key)
        except ValueError as error:
            raise SettingsError(f"AKAKO_CLERK_JWT_KEY {error}") from None
    else:
        issuer = settings.clerk_issuer.rstrip("/")
        keys = JwksKeySet(settings.clerk_jwks_url or f"{issuer}/.well-known/jwks.json")
    return JwtVerifier(
        settings.clerk_issuer,
        keys,
        authorized_parties=settings.clerk_authorized_parties,
        audience=settings.clerk_audience,
        require_azp=settings.clerk_require_azp,
    )


def directory(settings: Settings) -> Directory | None:
    if not settings.clerk_issuer:
        return DevDirectory(settings.data_dir)
    if not settings.clerk_secret_key:
        return None
    return ClerkDirectory(settings.clerk_api_url, settings.clerk_secret_key)


def counters(settings: Settings) -> Counters:
    if not settings.redis_url:
        return MemoryCounters()
    shared = ValkeyCounters(settings.redis_url)
    return ResilientCounters(shared, MemoryCounters(), metrics.LIMITER_FALLBACKS.inc)


def object_store(settings: Settings) -> ObjectStore:
    access = S3Access(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
    )
    try:
        location = settings.storage_url or settings.data_dir / "files"
        reserve = Reserve(settings.reserve_bytes)
        return open_store(location, access, settings.file_modes, reserve)
    except ValueError as error:
        raise SettingsError(f"AKAKO_STORAGE_URL or AKAKO_S3_ENDPOINT: {error}") from None


def report_crashes(settings: Settings) -> None:
    if settings.sentry_dsn:
        try:
            logging.report_crashes(crash_reports.open_reports(settings.sentry_dsn))
        except ValueError as error:
            raise SettingsError(f"AKAKO_SENTRY_DSN {error}") from None


def jobs(parts: Parts, settings: Settings) -> list[Job]:
    """What is done in the background, and when."""

    async def reconcile() -> None:
        if parts.directory is not None:
            await reconciliation.reconcile(parts.db, parts.directory, parts.policy)

    async def sweep() -> None:
        await uploads.sweep(parts.db, parts.uploads)
        await sweeper.sweep(parts.db, parts.store)

    days = {"audit_days": settings.audit_days, "outbox_days": settings.outbox_days}
    clean_up = partial(sweeper.clean_up, parts.db, parts.store, sweeper.Swept())
    return [
        Job("identity.reconcile", reconcile, cron="17 3 * * *"),
        Job("library.clean_up", clean_up, cron="* * * * *"),
        Job("library.sweep", sweep, cron="41 * * * *"),
        Job("uploads.sweep", partial(uploads.sweep, parts.db, parts.uploads)),
        Job("idempotency.forget", partial(idempotency.forget_old, parts.db), cron="7 * * * *"),
        Job("webhooks.forget", partial(webhook_queries.forget_old, parts.db), cron="27 4 * * *"),
        Job("audit.expire", partial(audit.expire, parts.db, **days), cron="37 4 * * *"),
    ]


def loader(parts: Parts) -> LoadActor:
    async def load(call: Call, claims: Claims, *, provision: bool) -> Actor:
        return await actors.load_actor(
            call.db,
            parts.directory,
            claims,
            parts.policy,
            provision=provision,
            ip=call.address,
            request_id=call.id,
        )

    return load


def outside(settings: Settings, parts: Parts) -> Outside:
    location = settings.accel_location
    return Outside(
        directory=parts.directory,
        store=parts.store,
        file_proxy=FileProxy(location, settings.trusted_proxies) if location else None,
        meter=parts.meter,
        policy=parts.policy,
        webhook_secrets=settings.clerk_webhook_secrets,
        clerk_instance_id=settings.clerk_instance_id,
        max_document_bytes=settings.max_document_bytes,
        max_video_bytes=settings.max_video_bytes,
        max_upload_seconds=settings.max_upload_seconds,
        max_unfinished_bytes=settings.max_unfinished_bytes,
        reserve=Reserve(settings.reserve_bytes),
        uploads=parts.uploads,
        openapi=openapi(),
    )


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The API as an ASGI application, for any ASGI server."""
    settings = settings or settings_module.load()
    logging.configure(settings.log_level)
    tracer = tracing.open_tracer() if settings_module.traces_wanted() else None
    parts = assemble(settings, tracer)
    pipeline = Pipeline(
        db=parts.db,
        admission=Admission(
            limiter=Limiter(parts.counters, settings.rates()),
            verifier=parts.verifier,
            load_actor=loader(parts),
            confirm=authority.confirm,
            trusted=settings.trusted_proxies,
            shared=settings.shared_networks,
        ),
        outside=outside(settings, parts),
    )

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        url = settings.database_url or ""
        aside = (
            _keep_leases_short(parts.meter),
            public_changes.listen(url, pipeline.public),
            metrics.watch(parts.db.connections),
        )
        tasks = [asyncio.create_task(each) for each in aside]
        async with job_queue.working(url, jobs(parts, settings)):
            yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.close()

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
