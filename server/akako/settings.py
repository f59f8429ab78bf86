"""All settings, in one typed object. This is the only module that reads the environment."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from akako.kernel.core import urls
from akako.kernel.files.modes import GROUP_READS, PRIVATE, Modes
from akako.kernel.http.client_address import Networks, parse_networks
from akako.kernel.http.limits import Rate

MIB = 1024 * 1024
MIN_KEY_BITS = 2048
MIN_SECRET_BYTES = 16
MIN_SECRET = 4  # a shorter one is part of ordinary words


class SettingsError(Exception):
    """A setting that cannot be used; the message is one line and names the variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Field `x_y` is read from `AKAKO_X_Y`."""

    env: str = "development"
    data_dir: Path = Path("data")
    database_url: str | None = None
    redis_url: str | None = None
    storage_url: str | None = None
    s3_endpoint: str | None = None
    s3_region: str | None = None
    s3_access_key_id: str | None = None
    s3_secret_access_key: str | None = None
    clerk_issuer: str | None = None
    clerk_jwks_url: str | None = None
    clerk_jwt_key: str | None = None
    clerk_secret_key: str | None = None
    clerk_api_url: str = "https://api.clerk.com/v1"
    clerk_authorized_parties: tuple[str, ...] = ()
    clerk_audience: str | None = None
    clerk_require_azp: bool = False
    clerk_webhook_secrets: tuple[str, ...] = ()
    clerk_instance_id: str | None = None
    bootstrap_admins: tuple[str, ...] = ()
    trusted_proxies: Networks = ()
    accel_location: str | None = None
    shared_networks: Networks = ()
    client_connections: int = 256
    cors_origins: tuple[str, ...] = ()
    first_party_origins: tuple[str, ...] = ()
    default_plan: str = "FREE"
    rate_limit_general: Rate = Rate(100, 60)
    rate_limit_auth: Rate = Rate(10, 60)
    rate_limit_upload: Rate = Rate(20, 60)
    rate_limit_media: Rate = Rate(600, 60)
    rate_limit_webhook: Rate = Rate(600, 60)
    max_document_bytes: int = 50 * MIB
    max_video_bytes: int = 500 * MIB
    max_upload_seconds: int = 3600
    max_unfinished_bytes: int | None = None
    reserve_bytes: int | None = None
    audit_days: int = 400
    outbox_days: int = 30
    log_level: str = "warning"
    sentry_dsn: str | None = None

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def file_modes(self) -> Modes:
        """Who may read stored files: nginx too, by its group, where it sends them."""
        return GROUP_READS if self.accel_location else PRIVATE

    def rates(self) -> dict[str, Rate]:
        names = ("general", "auth", "upload", "media", "webhook")
        return {name: getattr(self, f"rate_limit_{name}") for name in names}


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        for choice in allowed:
            if text.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(allowed)}")

    return parse


def _flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be true or false")


def _rate(text: str) -> Rate:
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,5})", text, re.ASCII)
    if not match or int(match[1]) < 1 or int(match[2]) < 1:
        raise ValueError("must be hits/seconds, such as 100/60")
    return Rate(int(match[1]), int(match[2]))


def _integer(minimum: int, maximum: int, unit: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"[0-9]{1,13}", text, re.ASCII) else -1
        if not minimum <= number <= maximum:
            raise ValueError(f"must be a number of {unit} from {minimum} to {maximum}")
        return number

    return parse


def _pem(text: str) -> str:
    key = text.replace("\\n", "\n").strip()
    try:
        loaded = load_pem_public_key(key.encode())
    except ValueError:
        loaded = None
    if not isinstance(loaded, RSAPublicKey) or loaded.key_size < MIN_KEY_BITS:
        raise ValueError(f"must be a public RSA key of at least {MIN_KEY_BITS} bits in PEM form")
    return key


def _secrets(text: str) -> tuple[str, ...]:
    secrets = _items(text)
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not secret.startswith("whsec_") or len(key) < MIN_SECRET_BYTES:
            raise ValueError("must be a comma list of secrets that start with whsec_")
    return secrets


def _key(text: str) -> str:
    """Refuse what cannot be sent in a header: the HTTP client's error would quote all of it."""
    if not re.fullmatch(r"[\x21-\x7e]+", text, re.ASCII):
        raise ValueError("must be visible ASCII characters without spaces")
    return text


def _clerk_ids(text: str) -> tuple[str, ...]:
    ids = _items(text)
    if not all(re.fullmatch(r"user_[A-Za-z0-9_]{1,64}", each, re.ASCII) for each in ids):
        raise ValueError("must be a comma list of Clerk ids that start with user_")
    return ids


def _instance_id(text: str) -> str:
    if not re.fullmatch(r"ins_[A-Za-z0-9]{1,64}", text, re.ASCII):
        raise ValueError("must be the id of a Clerk instance that starts with ins_")
    return text


_bytes = _integer(1, 10**13 - 1, "bytes")

PARSERS: Mapping[str, Callable[[str], Any]] = {
    "env": _one_of("development", "production"),
    "data_dir": Path,
    "database_url": urls.database_url,
    "redis_url": urls.parser("redis", "rediss", "valkey", "valkeys", "unix", login=True),
    "storage_url": urls.parser("s3"),
    "s3_endpoint": urls.parser("http", "https"),
    "s3_access_key_id": _key,
    "s3_secret_access_key": _key,
    "clerk_secret_key": _key,
    "clerk_issuer": urls.parser("http", "https"),
    "clerk_jwks_url": urls.parser("http", "https"),
    "clerk_jwt_key": _pem,
    "clerk_api_url": urls.parser("http", "https"),
    "clerk_authorized_parties": _items,
    "clerk_require_azp": _flag,
    "clerk_webhook_secrets": _secrets,
    "clerk_instance_id": _instance_id,
    "bootstrap_admins": _clerk_ids,
    "trusted_proxies": parse_networks,
    "accel_location": urls.location,
    "shared_networks": parse_networks,
    "client_connections": _integer(1, 99_999, "connections"),
    "cors_origins": urls.origins,
    "first_party_origins": urls.origins,
    "default_plan": _one_of("FREE", "PRO", "ENTERPRISE"),
    "rate_limit_general": _rate,
    "rate_limit_auth": _rate,
    "rate_limit_upload": _rate,
    "rate_limit_media": _rate,
    "rate_limit_webhook": _rate,
    "max_document_bytes": _bytes,
    "max_video_bytes": _bytes,
    "max_upload_seconds": _integer(60, 86_400, "seconds"),
    "max_unfinished_bytes": _bytes,
    "reserve_bytes": _bytes,
    "audit_days": _integer(1, 99_999, "days"),
    "outbox_days": _integer(1, 99_999, "days"),
    "log_level": _one_of("debug", "info", "warning", "error"),
    "sentry_dsn": urls.dsn,
}


def variable(field: str) -> str:
    return f"AKAKO_{field.upper()}"


def secrets(environment: Mapping[str, str] | None = None) -> list[str]:
    """Return what no output may show: passwords and keys of the settings, the longest first."""
    environment = os.environ if environment is None else environment
    found: set[str] = set()
    for field in Settings.__struct_fields__:
        text = environment.get(variable(field), "").strip()
        found |= urls.secrets_in(text)
        if re.search("secret|_key$|_key_|dsn", field) and text:
            found |= {text, *_items(text)}
    return sorted((each for each in found if len(each) >= MIN_SECRET), key=len, reverse=True)


def default_data_dir() -> Path:
    """Root cannot run PostgreSQL, whose own user must be able to reach the folder."""
    return Path("/var/lib/akako") if os.geteuid() == 0 else Path("data")


def load(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings. Raise SettingsError with one line that names the wrong variable."""
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
        # Operators keep a line per request; a newcomer's console stays quiet.
        values.setdefault("log_level", "info")
    settings = Settings(**values)
    _check(settings)
    return settings


def traces_wanted(environment: Mapping[str, str] | None = None) -> bool:
    """Whether OpenTelemetry's own variables name a collector."""
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
    for field in ("clerk_issuer", "clerk_jwks_url", "clerk_api_url"):
        url = getattr(settings, field)
        if settings.production and url and not _safe(url):
            raise SettingsError(f"{variable(field)} must use https in production")
    if not settings.production:
        return
    if not settings.clerk_issuer:
        raise SettingsError(
            "AKAKO_CLERK_ISSUER must be set in production: the development issuer is refused there"
        )
    if not settings.clerk_webhook_secrets:
        raise SettingsError("AKAKO_CLERK_WEBHOOK_SECRETS must be set in production")


def _safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}


def check_workers(settings: Settings, workers: int) -> None:
    """Reject several workers in production without shared counters."""
    if workers < 1:
        raise SettingsError(f"--workers {workers} must be at least 1")
    if settings.production and workers > 1 and not settings.redis_url:
        raise SettingsError("AKAKO_REDIS_URL must be set in production with more than one worker")
