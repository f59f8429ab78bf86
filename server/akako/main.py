"""Assembles settings, backends and rooms. The only module that knows everyone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from zoneinfo import ZoneInfo

from akako import settings as settings_module
from akako.activity import service as activity
from akako.analytics.days import TimeZone
from akako.assembly import Backends, assemble, verifier
from akako.authority import service as authority
from akako.backends import tracing
from akako.backends.clerk_user import parse_user
from akako.backends.database import job_queue, public_changes
from akako.backends.database.waits import POOL_REFUSALS
from akako.backends.resilient_counters import ResilientCounters
from akako.backends.secret_key import secret_keys
from akako.backends.tokens.token_issuers import IssuerVerifier
from akako.backends.tokens.token_verifier import JwtVerifier
from akako.dispatch.addresses import Destinations
from akako.dispatch.delivery_metrics import delivery_metrics
from akako.dispatch.dispatcher import Dispatcher
from akako.dispatch.sealing import Seal
from akako.dispatch.sending import Sender
from akako.identity import accounts
from akako.identity.callers import actors
from akako.identity.routes import Accounts
from akako.integrations import disabling
from akako.integrations.routes import Integrations
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import Forbidden
from akako.kernel.core.ports import Claims, Counters, DirectoryUser
from akako.kernel.db.turns import Turns
from akako.kernel.files.space import Reserve
from akako.kernel.http import application
from akako.kernel.http.admission import Admission, LoadActor
from akako.kernel.http.asgi import ASGIApp
from akako.kernel.http.context import Context, Dependencies
from akako.kernel.http.limits import Limiter
from akako.kernel.http.pipeline import Pipeline
from akako.kernel.telemetry import logging, metrics
from akako.library.file_proxy import FileProxy
from akako.library.media import DOCUMENT, VIDEO, Files
from akako.medialinks.service import MediaLinks
from akako.ops import own_state
from akako.ops.health import Counting
from akako.ops.routes import ApiDocument, DataFolder, MoreMetrics
from akako.ops.shared_addresses import SharedAddresses
from akako.plans.meter import LeasingMeter
from akako.rooms import endpoints, openapi
from akako.schedule import jobs
from akako.settings import Settings, SettingsError
from akako.uploads.routes import ResumableUploads
from akako.uploads.tus.method_override import MethodOverride
from akako.web import app as web
from akako.web.sessions.tokens import ISSUER as WEB_ISSUER
from akako.web.sessions.tokens import WebKeys
from akako.web.site import LoadAccount, OidcSettings, Site
from akako.webhooks.routes import ClerkWebhooks
from akako.wire.head import RequestHead

LEASE_CHECK_SECONDS = 5.0


def account_loader(backends: Backends) -> LoadAccount:
    """Return the function that turns claims into an account, for the API and the pages."""
    arrivals = Turns(actors.MAX_CONCURRENT, actors.TURN_SECONDS, refused=POOL_REFUSALS.inc)

    async def load(claims: Claims, *, provision: bool = True, ip: str, request_id: str) -> Actor:
        return await actors.load_actor(
            backends.db,
            backends.directory,
            claims,
            backends.policy,
            provision=provision,
            arrivals=arrivals,
            ip=ip,
            request_id=request_id,
        )

    return load


def loader(load_account: LoadAccount) -> LoadActor:
    async def load(ctx: Context, claims: Claims, *, provision: bool) -> Actor:
        return await load_account(claims, provision=provision, ip=ctx.address, request_id=ctx.id)

    return load


def dependencies(settings: Settings, backends: Backends, media_links: MediaLinks) -> Dependencies:
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
        read_user=parse_user,
        secrets=settings.webhook_secrets,
        instance_id=settings.clerk_instance_id,
        policy=backends.policy,
    )
    accounts = Accounts(directory=backends.directory, policy=backends.policy)
    folder = DataFolder(settings.data_dir)
    pages = ApiDocument(openapi())
    more = MoreMetrics((delivery_metrics,))
    integrations = integrations_of(settings)
    provided = (
        files,
        uploads,
        webhooks,
        integrations,
        accounts,
        backends.meter,
        pages,
        folder,
        more,
        media_links,
        TimeZone(settings.time_zone),
        Counting(partial(_counters_work, backends.counters)),
    )
    return {type(each): each for each in provided}


def _counters_work(counters: Counters) -> bool | None:
    return counters.working if isinstance(counters, ResilientCounters) else None


def integrations_of(settings: Settings) -> Integrations:
    """Return what outgoing webhooks need. Raises SettingsError for an unusable key file."""
    try:
        keys = secret_keys(settings.secret_key, settings.data_dir)
    except (OSError, ValueError) as error:
        raise SettingsError(f"AKAKO_SECRET_KEY is not set, and {error}") from None
    destinations = Destinations(
        allowed=settings.webhook_allowed_networks, development=not settings.production
    )
    return Integrations(seal=Seal(keys), destinations=destinations)


def dispatcher(backends: Backends, own: Integrations) -> Dispatcher:
    return Dispatcher(backends.db, Sender(own.destinations), own.seal, disabling.notify)


def admission(
    settings: Settings,
    backends: Backends,
    tokens: IssuerVerifier,
    media_links: MediaLinks,
    load_actor: LoadActor,
) -> Admission:
    """Return the checks of every request before its handler."""
    return Admission(
        limiter=Limiter(backends.counters, settings.rates()),
        verifier=tokens,
        load_actor=load_actor,
        links=media_links,
        meter=backends.meter,
        confirm=authority.confirm,
        rejections=SharedAddresses(),
        trusted=settings.trusted_proxies,
        shared=settings.shared_networks,
    )


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Return the server as an ASGI application, for any ASGI server."""
    settings = settings or settings_module.load()
    logging.configure(settings.log_level)
    tracer = tracing.open_tracer() if settings_module.traces_wanted() else None
    activity.use_zone(ZoneInfo(settings.time_zone))
    backends = assemble(settings, tracer)
    keys, load_account = WebKeys(backends.db), account_loader(backends)
    tokens = IssuerVerifier(verifier(settings), {WEB_ISSUER: JwtVerifier(WEB_ISSUER, keys)})
    media_links = MediaLinks(backends.db, public_url=settings.public_url)
    pipeline = Pipeline(
        db=backends.db,
        admission=admission(settings, backends, tokens, media_links, loader(load_account)),
        dependencies=dependencies(settings, backends, media_links),
    )

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        url = settings.database_url or ""
        webhooks = dispatcher(backends, pipeline.dependencies[Integrations])
        listeners: dict[str, public_changes.Listener] = {
            public_changes.CHANNEL: pipeline.public,
            public_changes.EVENTS: webhooks,
        }
        aside = (
            _keep_leases_short(backends.meter),
            public_changes.listen(url, listeners),
            webhooks.run(),
            own_state.watch(backends.db.connections),
        )
        tasks = [asyncio.create_task(each) for each in aside]
        async with job_queue.working(url, jobs(backends, settings)):
            yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await tokens.close()
        await backends.close()

    api = application.build(
        endpoints(),
        pipeline,
        origins=settings.cors_origins,
        cors_headers=settings.cors_headers,
        observe=metrics.observe,
        secure=settings.production,
        lifespan=lifespan,
        pages=partial(web.routes, site(settings, backends, pipeline, keys, load_account)),
    )
    app = RequestHead(MethodOverride(api))
    return tracing.TracedApp(app, tracer) if tracer else app


def site(
    settings: Settings,
    backends: Backends,
    pipeline: Pipeline,
    keys: WebKeys,
    load_account: LoadAccount,
) -> Site:
    """Return what the pages of the web app need."""

    async def arrive(person: DirectoryUser) -> None:
        try:
            await accounts.merge(backends.db, person, backends.policy, keep_clash=True)
        except accounts.Tombstoned:
            raise Forbidden("This account does not exist any more") from None

    issuer = settings.oidc_issuer or settings.clerk_issuer
    client = settings.oidc_client_id
    oidc = None
    if issuer and client and settings.public_url:
        own = backends.directory is None or issuer != settings.clerk_issuer
        oidc = OidcSettings(issuer, client, settings.oidc_client_secret, issues_accounts=own)
    return Site(
        db=backends.db,
        limiter=pipeline.admission.limiter,
        load_account=load_account,
        arrive=arrive,
        keys=keys,
        address=pipeline.admission.address_of,
        dependencies=pipeline.dependencies,
        directory=backends.directory,
        production=settings.production,
        public_url=settings.public_url,
        oidc=oidc,
    )


async def _keep_leases_short(meter: LeasingMeter) -> None:
    """Return leased requests that this worker does not make to the other workers."""
    while True:
        await asyncio.sleep(LEASE_CHECK_SECONDS)
        await meter.return_idle()
