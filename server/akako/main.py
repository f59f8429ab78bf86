"""Assembles settings, backends and rooms. The only module that knows everyone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar
from litestar.types import ASGIApp

from akako import settings as settings_module
from akako.backends.clerk_directory import ClerkDirectory
from akako.backends.dev_directory import DevDirectory
from akako.backends.dev_issuer import DevIssuer
from akako.backends.key_set import JwksKeySet, StaticKeySet
from akako.backends.memory_counters import MemoryCounters
from akako.backends.object_store import open_store
from akako.backends.resilient_counters import ResilientCounters
from akako.backends.token_verifier import JwtVerifier
from akako.backends.valkey_counters import ValkeyCounters
from akako.identity import actors
from akako.identity import routes as identity_routes
from akako.identity.accounts import Policy
from akako.kernel import logging, metrics
from akako.kernel.access import Actor
from akako.kernel.database import Pool
from akako.kernel.http import application
from akako.kernel.http.call import Call, Outside
from akako.kernel.http.endpoint import Endpoint, endpoints_of
from akako.kernel.http.openapi import document
from akako.kernel.http.pipeline import LoadActor, Pipeline
from akako.kernel.limits import Limiter
from akako.kernel.ports import Claims, Counters, Directory, TokenVerifier
from akako.ops import routes as ops_routes
from akako.plans import routes as plans_routes
from akako.plans.meter import LeasingMeter
from akako.settings import Settings

ROOMS = (identity_routes, plans_routes, ops_routes)


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
        keys: StaticKeySet | JwksKeySet = StaticKeySet.from_pem(settings.clerk_jwt_key)
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


def loader(people: Directory | None, policy: Policy) -> LoadActor:
    async def load(call: Call, claims: Claims, *, provision: bool) -> Actor:
        return await actors.load_actor(
            call.db,
            people,
            claims,
            policy,
            provision=provision,
            ip=call.address,
            request_id=call.id,
        )

    return load


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The API as an ASGI application, for any ASGI server."""
    settings = settings or settings_module.load()
    logging.configure(settings.log_level)
    db = Pool(settings.database_url or "")
    people, hits, tokens = directory(settings), counters(settings), verifier(settings)
    store = object_store(settings)
    meter = LeasingMeter(db, first_party=settings.first_party_origins)
    declared = endpoints()
    policy = Policy(default_plan=settings.default_plan, bootstrap_admins=settings.bootstrap_admins)
    pipeline = Pipeline(
        db=db,
        limiter=Limiter(hits, settings.rates()),
        verifier=tokens,
        outside=Outside(
            directory=people,
            store=store,
            meter=meter,
            default_plan=settings.default_plan,
            bootstrap_admins=settings.bootstrap_admins,
            webhook_secrets=settings.clerk_webhook_secrets,
            max_document_bytes=settings.max_document_bytes,
            max_video_bytes=settings.max_video_bytes,
            openapi=openapi(),
        ),
        load_actor=loader(people, policy),
        trusted=settings.trusted_proxies,
        shared=settings.shared_networks,
    )

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        yield
        for part in (hits, tokens, people, store, db):
            if part is not None:
                await part.close()

    return application.build(
        declared,
        pipeline,
        origins=settings.cors_origins,
        observe=metrics.observe,
        secure=settings.production,
        lifespan=[lifespan],
    )
