"""The response type of media links."""

from __future__ import annotations

from datetime import datetime

import msgspec


class MediaLink(msgspec.Struct, rename="camel"):
    """An address that streams one file without a bearer token, until `expiresAt`."""

    url: str
    expires_at: datetime
