"""Sign in with an OpenID Connect provider: authorization code with PKCE, through Authlib."""

from __future__ import annotations

import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]
    AsyncOAuth2Client,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from akako.kernel.core.errors import Forbidden, NotFound, ServiceUnavailable
from akako.kernel.core.fields import CLERK_ID
from akako.kernel.core.ports import DirectoryUser
from akako.web.sessions import queries
from akako.web.sessions.service import hashed
from akako.web.site import OidcSettings, Site

SCOPE = "openid profile email"
SECONDS = 10.0
ALGORITHMS = ["RS256", "ES256", "PS256"]
SECRET_BYTES = 32


class Provider(msgspec.Struct, frozen=True):
    """The addresses of a provider (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


def _settings(site: Site) -> OidcSettings:
    if site.oidc is None:
        raise NotFound
    return site.oidc


def _redirect_uri(site: Site) -> str:
    return f"{(site.public_url or '').rstrip('/')}/auth/callback"


def _client(site: Site) -> AsyncOAuth2Client:
    settings = _settings(site)
    return AsyncOAuth2Client(
        settings.client_id,
        settings.client_secret,
        scope=SCOPE,
        redirect_uri=_redirect_uri(site),
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if settings.client_secret else "none",
        timeout=SECONDS,
    )


async def _discover(client: AsyncOAuth2Client, issuer: str) -> Provider:
    """Read the provider's configuration; its issuer must be the configured one."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    response = await client.request("GET", address, withhold_token=True)
    provider = msgspec.json.decode(response.content, type=Provider)
    if provider.issuer.rstrip("/") != issuer.rstrip("/"):
        raise Forbidden("The identity provider names another issuer")
    return provider


async def begin(site: Site, wanted: str) -> tuple[str, str]:
    """Store a new sign-in; return the provider's address and the `state` for the browser."""
    settings = _settings(site)
    state, nonce, verifier = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    async with _client(site) as client:
        try:
            provider = await _discover(client, settings.issuer)
        except (httpx2.HTTPError, msgspec.MsgspecError):
            raise ServiceUnavailable("The identity provider is unavailable") from None
        url, _ = client.create_authorization_url(
            provider.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
    await queries.insert_sign_in(site.db, hashed(state), nonce, verifier, wanted)
    return str(url), state


async def finish(
    site: Site, answer: dict[str, str], started: str | None
) -> tuple[DirectoryUser, str]:
    """Exchange the code for an ID token; return the person and the wanted path.

    Args:
        started: The `state` of the sign-in that this browser started. Another browser's sign-in is
            refused, or a link could sign its reader in to the account of the link's author.

    Raises:
        Forbidden: the sign-in is unknown, was cancelled, or its token is not genuine.
    """
    settings, state = _settings(site), answer.get("state", "")
    if not started or not hmac.compare_digest(started.encode(), state.encode()):
        raise Forbidden("This browser did not start the sign-in: sign in again")
    found = await queries.take_sign_in(site.db, hashed(state))
    if found is None:
        raise Forbidden("This sign-in is unknown or too old: sign in again")
    if "code" not in answer:
        raise Forbidden("The sign-in was cancelled")
    async with _client(site) as client:
        try:
            provider = await _discover(client, settings.issuer)
            token = await client.fetch_token(
                provider.token_endpoint, code=answer["code"], code_verifier=found.verifier
            )
            keys = (await client.request("GET", provider.jwks_uri, withhold_token=True)).json()
            claims = _claims(token.get("id_token", ""), keys, provider, settings, found.nonce)
        except (AuthlibBaseError, JoseError, ValueError, KeyError):
            raise Forbidden("The identity provider refused this sign-in") from None
        except httpx2.HTTPError:
            raise ServiceUnavailable("The identity provider is unavailable") from None
    return _person(claims, settings.issuer), found.return_path


def _claims(
    token: str, keys: KeySetSerialization, provider: Provider, settings: OidcSettings, nonce: str
) -> dict[str, Any]:
    """Return the claims of a genuine ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
    decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": settings.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
        leeway=5,
    )
    registry.validate(decoded.claims)
    return decoded.claims


def _person(claims: dict[str, Any], issuer: str) -> DirectoryUser:
    """Return the person of an ID token. Only verified addresses count."""
    subject = str(claims["sub"])
    if not CLERK_ID.fullmatch(subject):
        host = urlsplit(issuer).netloc
        subject = f"user_{hashed(f'{host} {subject}').hex()[:40]}"
    email = claims.get("email") if claims.get("email_verified") is True else None
    return DirectoryUser(
        id=subject,
        primary_email=email,
        emails=(email,) if email else (),
        username=claims.get("preferred_username"),
        first_name=claims.get("given_name") or claims.get("name"),
        last_name=claims.get("family_name"),
    )


async def account_id(site: Site, person: DirectoryUser) -> str:
    """Return the person's id; create the account where no directory knows them."""
    if _settings(site).issues_accounts:
        await site.arrive(person)
    return person.id
