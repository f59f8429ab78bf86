"""Create the backends that the settings ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from akako.backends import crash_reports
from akako.backends.clerk_directory import ClerkDirectory
from akako.backends.database.pool import Observer, Pool
from akako.backends.database.waits import POOL_REFUSALS, record_wait
from akako.backends.dev_directory import DevDirectory
from akako.backends.memory_counters import MemoryCounters
from akako.backends.objects.object_store import open_store
from akako.backends.objects.s3_store import S3Access
from akako.backends.resilient_counters import LIMITER_FALLBACKS, ResilientCounters
from akako.backends.tokens.dev_issuer import DevIssuer
from akako.backends.tokens.key_set import JwksKeySet, StaticKeySet
from akako.backends.tokens.token_verifier import JwtVerifier
from akako.backends.tracing import TracedPool
from akako.backends.valkey_counters import ValkeyCounters
from akako.kernel.core.access import Policy
from akako.kernel.core.ports import Counters, Directory, ObjectStore, TokenVerifier
from akako.kernel.files.space import Reserve
from akako.kernel.telemetry import logging
from akako.plans.meter import LeasingMeter
from akako.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

JOB_STATEMENT_SECONDS = 900.0


class Backends(msgspec.Struct, kw_only=True):
    """The backends that the settings ask for."""

    db: Pool
    directory: Directory | None
    counters: Counters
    store: ObjectStore
    uploads: Path  # the folder of resumable uploads
    meter: LeasingMeter
    policy: Policy

    async def close(self) -> None:
        await self.meter.close()
        for part in (self.counters, self.directory, self.store, self.db):
            if part is not None:
                await part.close()


def assemble(settings: Settings, tracer: Tracer | None = None) -> Backends:
    """Make the backends; none of them is connected yet."""
    report_crashes(settings)
    url = settings.database_url or ""
    observer = Observer(record_wait, POOL_REFUSALS.inc)
    db = TracedPool(url, tracer, observer) if tracer else Pool(url, observer=observer)
    return Backends(
        db=db,
        directory=directory(settings),
        counters=counters(settings),
        store=object_store(settings),
        uploads=settings.data_dir / "uploads",
        meter=LeasingMeter(db, first_party=settings.first_party_origins),
        policy=Policy(
            default_plan=settings.default_plan,
            bootstrap_admins=settings.bootstrap_admins,
            first_party_origins=settings.first_party_origins,
        ),
    )


@asynccontextmanager
async def patient_database(settings: Settings) -> AsyncIterator[Pool]:
    """Connect a job whose statements read large parts of the data."""
    pool = Pool(settings.database_url or "", size=1, statement_seconds=JOB_STATEMENT_SECONDS)
    try:
        yield pool
    finally:
        await pool.close()


def verifier(settings: Settings) -> TokenVerifier:
    if not settings.clerk_issuer:
        return DevIssuer.open(settings.data_dir).verifier()
    if settings.clerk_jwt_key:
        try:
            keys: StaticKeySet | JwksKeySet = StaticKeySet.from_pem(settings.clerk_jwt_key)
        except ValueError as error:
            raise SettingsError(f"AKAKO_CLERK_JWT_KEY {error}") from None
    else:
        keys = JwksKeySet(settings.clerk_keys_url)
    return JwtVerifier(
        settings.clerk_issuer,
        keys,
        authorized_parties=settings.clerk_authorized_parties,
        audience=settings.clerk_audience,
        require_azp=settings.clerk_require_azp,
    )


def directory(settings: Settings) -> Directory | None:
    if not settings.clerk_issuer and not settings.production:
        return DevDirectory(settings.data_dir)
    if not settings.clerk_secret_key:
        return None
    return ClerkDirectory(settings.clerk_api_url, settings.clerk_secret_key)


def counters(settings: Settings) -> Counters:
    if not settings.redis_url:
        return MemoryCounters()
    shared = ValkeyCounters(settings.redis_url)
    return ResilientCounters(shared, MemoryCounters(), LIMITER_FALLBACKS.inc)


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
