"""Parse and format the headers of the tus protocol."""

from __future__ import annotations

import base64
import binascii
import re

from akako.kernel.core import validation
from akako.kernel.core.errors import BadRequest, ValidationFailed
from akako.kernel.http.context import Context
from akako.library.sending.conditional import http_date
from akako.uploads.appending import Checksum
from akako.uploads.queries import StoredUpload
from akako.uploads.schemas import Plan
from akako.uploads.service import result
from akako.uploads.tus.refusals import VersionUnsupported

VERSION = "1.0.0"
ALGORITHMS = ("sha1", "sha256", "md5")
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "termination", "checksum")
# Sent with every response, also to OPTIONS and to unsupported versions.
ALWAYS = [
    (b"tus-resumable", VERSION.encode()),
    (b"tus-version", VERSION.encode()),
    (b"tus-extension", ",".join(EXTENSIONS).encode()),
    (b"tus-checksum-algorithm", ",".join(ALGORITHMS).encode()),
]
MAX_METADATA_BYTES = 8 * 1024


def require_version(ctx: Context) -> None:
    """Raise VersionUnsupported unless the client uses version 1.0.0."""
    if ctx.header("tus-resumable") != VERSION:
        raise VersionUnsupported


def read_length(ctx: Context) -> int:
    if ctx.header("upload-defer-length") is not None:
        raise ValidationFailed.of("Upload-Defer-Length", "The length must be known")
    if ctx.header("upload-concat") is not None:
        # Without the extension a part of a file would become a document.
        raise ValidationFailed.of("Upload-Concat", "Uploads cannot be concatenated")
    return _number(ctx, "Upload-Length")


def read_offset(ctx: Context) -> int:
    return _number(ctx, "Upload-Offset")


def _number(ctx: Context, name: str) -> int:
    text = ctx.header(name)
    if text is None:
        raise ValidationFailed.of(name, "Required")
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise ValidationFailed.of(name, "Must be a number of bytes", text)
    return int(text)


def read_plan(header: str) -> Plan:
    """Parse `Upload-Metadata`: comma-separated pairs of a name and a Base64 value."""
    if len(header) > MAX_METADATA_BYTES:
        message = f"Must be at most {MAX_METADATA_BYTES} bytes"
        raise ValidationFailed.of("Upload-Metadata", message)
    given: dict[str, str] = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        name, _, encoded = pair.partition(" ")
        if name in given:
            raise ValidationFailed.of(name[:64], "Must be given once")
        given[name] = _decoded(name, encoded.strip())
    names = Plan.__struct_encode_fields__
    return validation.read(Plan, {name: given[name] for name in names if name in given})


def _decoded(name: str, encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationFailed.of(name[:64], "Must be UTF-8 text in Base64") from None


def read_checksum(ctx: Context) -> Checksum | None:
    """Parse `Upload-Checksum`: an algorithm and a Base64 digest."""
    header = ctx.header("upload-checksum")
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        message = f"Upload-Checksum must be one of {', '.join(ALGORITHMS)} and a digest in Base64"
        raise BadRequest("invalid_checksum", message)
    return Checksum(algorithm, digest)


def state(stored: StoredUpload) -> dict[str, str]:
    """Return the headers that describe the state of an upload."""
    found = {
        "Upload-Offset": str(stored.received),
        "Upload-Length": str(stored.size),
        "Upload-Expires": http_date(stored.expires_at),
    }
    done = result(stored)
    return found | ({"Upload-Result": done.url} if done else {})
