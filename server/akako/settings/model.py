"""The settings as one typed object."""

from __future__ import annotations

from pathlib import Path

import msgspec

from akako.kernel.files.modes import GROUP_READS, PRIVATE, Modes
from akako.kernel.http.client_address import Networks
from akako.kernel.http.limits import Rate

MIB = 1024 * 1024
# A class of 40 behind one address signs in within a minute and opens several pages.
PAGE_RATES = {
    "pages": Rate(1_200, 60),
    "pages_of_user": Rate(600, 60),
    "sign_in": Rate(240, 60),
    "sign_in_of_user": Rate(20, 60),
}
# Public: contract/postman.py writes it into the environment of the collection.
DEVELOPMENT_WEBHOOK_SECRET = "whsec_ZXhhbXBsZSBmb3IgZGV2ZWxvcG1lbnQ="  # noqa: S105


class SettingsError(Exception):
    """A setting or option cannot be used. The message is one line that names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. The field `x_y` is read from the variable `AKAKO_X_Y`."""

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
    client_connections: int = 512
    cors_origins: tuple[str, ...] = ()
    cors_headers: tuple[str, ...] = ()
    public_url: str | None = None
    first_party_origins: tuple[str, ...] = ()
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
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
    secret_key: tuple[bytes, ...] = ()
    webhook_allowed_networks: Networks = ()
    log_level: str = "warning"
    sentry_dsn: str | None = None

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Secrets of Clerk's webhooks. The development issuer has the one of the Postman files."""
        if self.clerk_webhook_secrets or self.production or self.clerk_issuer:
            return self.clerk_webhook_secrets
        return (DEVELOPMENT_WEBHOOK_SECRET,)

    @property
    def clerk_keys_url(self) -> str:
        """Address of the public keys that verify Clerk's tokens. Needs `clerk_issuer`."""
        return (
            self.clerk_jwks_url or f"{(self.clerk_issuer or '').rstrip('/')}/.well-known/jwks.json"
        )

    @property
    def file_modes(self) -> Modes:
        """Permissions of stored files. nginx reads them through its group if it sends them."""
        return GROUP_READS if self.accel_location else PRIVATE

    def rates(self) -> dict[str, Rate]:
        """Return the rate limit of each bucket."""
        names = ("general", "auth", "upload", "media", "webhook")
        chosen = {name: getattr(self, f"rate_limit_{name}") for name in names}
        return chosen | PAGE_RATES


def variable(field: str) -> str:
    """Return the name of the environment variable of a field."""
    return f"AKAKO_{field.upper()}"
