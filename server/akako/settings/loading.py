"""Read the settings from the environment. This is the only module that reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from akako.kernel.core.text import comma_list
from akako.settings import parsers, urls
from akako.settings.model import Settings, SettingsError, variable
from akako.settings.networks import parse_networks

MIN_SECRET = 4  # a shorter one is part of ordinary words

PARSERS: Mapping[str, Callable[[str], Any]] = {
    "env": parsers.one_of("development", "production"),
    "data_dir": Path,
    "database_url": urls.database_url,
    "redis_url": urls.parser("redis", "rediss", "valkey", "valkeys", "unix", login=True),
    "storage_url": urls.parser("s3"),
    "s3_endpoint": urls.parser("http", "https"),
    "s3_region": parsers.key,
    "s3_access_key_id": parsers.key,
    "s3_secret_access_key": parsers.key,
    "clerk_secret_key": parsers.key,
    "clerk_issuer": urls.parser("http", "https"),
    "clerk_jwks_url": urls.parser("http", "https"),
    "clerk_jwt_key": parsers.pem,
    "clerk_api_url": urls.parser("http", "https"),
    "clerk_audience": parsers.words,
    "clerk_authorized_parties": parsers.list_of_words,
    "clerk_require_azp": parsers.flag,
    "clerk_webhook_secrets": parsers.secrets,
    "clerk_instance_id": parsers.instance_id,
    "bootstrap_admins": parsers.clerk_ids,
    "trusted_proxies": parse_networks,
    "accel_location": urls.location,
    "shared_networks": parse_networks,
    "client_connections": parsers.count,
    "cors_origins": urls.origins,
    "cors_headers": parsers.header_names,
    "public_url": urls.origin,
    "first_party_origins": urls.origins,
    "oidc_issuer": urls.parser("http", "https"),
    "oidc_client_id": parsers.words,
    "oidc_client_secret": parsers.key,
    "default_plan": parsers.one_of("FREE", "PRO", "ENTERPRISE"),
    "rate_limit_general": parsers.rate,
    "rate_limit_auth": parsers.rate,
    "rate_limit_upload": parsers.rate,
    "rate_limit_media": parsers.rate,
    "rate_limit_webhook": parsers.rate,
    "max_document_bytes": parsers.size,
    "max_video_bytes": parsers.size,
    "max_upload_seconds": parsers.upload_seconds,
    "max_unfinished_bytes": parsers.size,
    "reserve_bytes": parsers.size,
    "time_zone": parsers.time_zone,
    "audit_days": parsers.count,
    "outbox_days": parsers.count,
    "secret_key": parsers.encryption_keys,
    "webhook_allowed_networks": parse_networks,
    "log_level": parsers.one_of("debug", "info", "warning", "error"),
    "sentry_dsn": urls.dsn,
}

SAFE_URLS = ("clerk_issuer", "clerk_jwks_url", "clerk_api_url", "public_url", "oidc_issuer")


def secrets(environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the passwords and keys of the settings, longest first, to redact them in output."""
    environment = os.environ if environment is None else environment
    found: set[str] = set()
    for field in Settings.__struct_fields__:
        text = environment.get(variable(field), "").strip()
        found |= urls.secrets_in(text)
        if re.search("secret|_key$|_key_|dsn", field) and text:
            found |= {text, *comma_list(text)}
    return sorted((each for each in found if len(each) >= MIN_SECRET), key=len, reverse=True)


def redacted(text: str) -> str:
    """Replace the passwords and keys of the settings in a text."""
    for secret in secrets():
        text = text.replace(secret, "[redacted]")
    return text


def default_data_dir() -> Path:
    """Return the default data folder. PostgreSQL cannot run as root: its user needs access."""
    return Path("/var/lib/akako") if os.geteuid() == 0 else Path("data")


def load(
    environment: Mapping[str, str] | None = None, *, serving: bool = True, **overrides: object
) -> Settings:
    """Return the settings that the environment holds.

    Args:
        environment: The variables; by default those of the process.
        serving: Whether requests will be served. This requires more settings in production than
            administrative commands need.
        overrides: Fields that replace the environment's, unless they are None.

    Raises:
        SettingsError: A variable has an unusable value, or a required one is missing.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {"data_dir": default_data_dir()}
    for field in Settings.__struct_fields__:
        text = environment.get(variable(field), "").strip()
        if text:
            try:
                values[field] = PARSERS.get(field, str)(text)
            except ValueError as error:
                raise SettingsError(f"{variable(field)} {error}") from None
    values.update({name: value for name, value in overrides.items() if value is not None})
    if values.get("env") == "production":
        # Operators need a line per request; in development it would hide the banner.
        values.setdefault("log_level", "info")
    settings = Settings(**values)
    _check(settings)
    if serving and settings.production:
        _check_production(settings)
    return settings


def unknown(environment: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """Return the `AKAKO_…` variables that are not settings, each with the nearest setting."""
    environment = os.environ if environment is None else environment
    known = [variable(field) for field in Settings.__struct_fields__]
    found = sorted(name for name in environment if name.startswith("AKAKO_") and name not in known)
    return {name: next(iter(get_close_matches(name, known, 1)), None) for name in found}


def traces_wanted(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether OpenTelemetry's own variables name a collector."""
    environment = os.environ if environment is None else environment
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return any(environment.get(name) for name in names)


def _check(settings: Settings) -> None:
    if settings.accel_location and settings.storage_url:
        raise SettingsError("AKAKO_ACCEL_LOCATION needs files in a folder, not AKAKO_STORAGE_URL")
    if settings.accel_location and not settings.trusted_proxies:
        raise SettingsError("AKAKO_ACCEL_LOCATION needs the proxy in AKAKO_TRUSTED_PROXIES")
    for field in SAFE_URLS:
        url = getattr(settings, field)
        if settings.production and url and not _is_safe(url):
            raise SettingsError(f"{variable(field)} must use https in production")


def _check_production(settings: Settings) -> None:
    if not settings.clerk_issuer:
        raise SettingsError(
            "AKAKO_CLERK_ISSUER must be set in production: the development issuer is refused there"
        )
    if not settings.clerk_webhook_secrets:
        raise SettingsError("AKAKO_CLERK_WEBHOOK_SECRETS must be set in production")


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}


def check_workers(settings: Settings, workers: int) -> None:
    """Raise SettingsError if rate limits would be counted per worker in production."""
    if workers < 1:
        raise SettingsError(f"--workers {workers} must be at least 1")
    if settings.production and workers > 1 and not settings.redis_url:
        raise SettingsError("AKAKO_REDIS_URL must be set in production with more than one worker")
