"""The tus protocol in the OpenAPI document: its headers, OPTIONS and HEAD."""

from __future__ import annotations

from typing import Any

from akako.kernel.core.errors import IdempotencyInProgress, IdempotencyKeyReused, QuotaExceeded
from akako.kernel.http.endpoint import Also
from akako.kernel.openapi.headers import constant
from akako.kernel.openapi.parameters import SHARED
from akako.uploads.headers import ALGORITHMS, EXTENSIONS, VERSION
from akako.uploads.tus.refusals import ChecksumMismatch, Locked, VersionUnsupported

Header = dict[str, Any]

BYTES: Header = {"type": "integer", "minimum": 0}
TEXT: Header = {"type": "string"}


def _header(description: str, schema: Header, *, always: bool = False) -> Header:
    required = {"required": True} if always else {}
    return {"description": description, **required, "schema": schema}


RESUMABLE = {
    "Tus-Resumable": _header("The version of the protocol.", constant(VERSION), always=True)
}
CHECKSUM = _header(
    "An algorithm and the digest of this request's bytes in Base64. Damaged bytes do not count.",
    {
        "type": "string",
        "pattern": f"^({'|'.join(ALGORITHMS)}) +[A-Za-z0-9+/]+={{0,2}}$",
        "examples": ["sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="],
    },
)
METADATA = (
    "Pairs of a name and a value in Base64, separated by commas. `kind` (`document` or `video`), "
    "`topicId` and `filename` are needed; `filetype`, `name` and `description` may be given."
)
EXAMPLE = "kind ZG9jdW1lbnQ=,topicId dG9waWNfaWRfaGVyZQ==,filename bm90ZXMucGRm"
TO_BEGIN: Header = {
    **RESUMABLE,
    "Upload-Length": _header("The size of the whole file in bytes.", BYTES, always=True),
    "Upload-Metadata": _header(METADATA, {**TEXT, "examples": [EXAMPLE]}, always=True),
    "Upload-Checksum": CHECKSUM,
    "Idempotency-Key": _header(
        "Applies to requests without a body; works as on other operations.",
        SHARED["IdempotencyKey"]["schema"],
    ),
}
TO_APPEND: Header = {
    **RESUMABLE,
    "Upload-Offset": _header("Where in the file these bytes belong.", BYTES, always=True),
    "Upload-Checksum": CHECKSUM,
}

STATE: Header = {
    **RESUMABLE,
    "Upload-Offset": _header("How many bytes have arrived: go on from here.", BYTES, always=True),
    "Upload-Length": _header("The size of the whole file in bytes.", BYTES, always=True),
    "Upload-Expires": _header("Until when it can be gone on with.", TEXT, always=True),
    "Upload-Result": _header(
        "At the end, the address of the document or video that the file has become.",
        {"type": "string", "format": "uri-reference"},
    ),
}
GIVEN = {"Upload-Metadata": _header("As it was given.", TEXT, always=True)}

BEGIN = (VersionUnsupported, ChecksumMismatch, IdempotencyInProgress, IdempotencyKeyReused)
# The last piece creates the document or video, which may exceed the quota.
APPEND = (VersionUnsupported, Locked, ChecksumMismatch, QuotaExceeded)
CANCEL = (VersionUnsupported, Locked)

DISCOVER = Also(
    "OPTIONS",
    "discover_uploads",
    "Return the version and extensions of tus that this server supports",
    headers={
        **RESUMABLE,
        "Tus-Version": _header("All versions.", constant(VERSION), always=True),
        "Tus-Extension": _header("All extensions.", constant(",".join(EXTENSIONS)), always=True),
        "Tus-Checksum-Algorithm": _header(
            "For `Upload-Checksum`.", constant(",".join(ALGORITHMS)), always=True
        ),
    },
)
LOCATE = Also(
    "HEAD",
    "locate_upload",
    "Return the offset of an upload in headers",
    refusals=(VersionUnsupported,),
    asks=RESUMABLE,
)
