"""Errors with statuses of the tus protocol."""

from __future__ import annotations

from akako.kernel.core.errors import ApiError


class VersionUnsupported(ApiError):
    status, code, default = 412, "TUS_VERSION_UNSUPPORTED", "This server supports tus 1.0.0 only"


class Locked(ApiError):
    status, code, default = 423, "UPLOAD_LOCKED", "Another request is writing this upload"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class ChecksumMismatch(ApiError):
    status, code, default = 460, "CHECKSUM_MISMATCH", "The bytes differ from their checksum"
