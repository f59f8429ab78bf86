"""Let nginx send a stored file from the folder of the store (X-Accel-Redirect).

nginx evaluates `Range` and `If-Range` again, so this applies only if nginx selects the same part.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from akako.kernel.core.ports import ObjectStore
from akako.kernel.http.context import Context
from akako.kernel.http.responses import Headers, Response
from akako.library.file_proxy import FileProxy
from akako.library.media import Files
from akako.library.queries import Playable
from akako.library.sending.ranges import Part

# nginx rejects numbers with more digits as unsatisfiable.
PLAIN_RANGE = re.compile(r"bytes=[0-9]{0,18}-[0-9]{0,18}", re.ASCII | re.IGNORECASE)
# nginx compares these with its own ETag and time.
PRECONDITIONS = (b"if-match", b"if-unmodified-since")


async def hand_over(
    ctx: Context, store: ObjectStore, file: Playable, part: Part | None, headers: Headers
) -> Response | None:
    """Return a response that names the file for nginx, or None if this process must send it.

    Raises FileNotFoundError if the store does not have the file.
    """
    proxy = ctx.get(Files).file_proxy
    if proxy is None or store.local_path(file.key) is None:
        return None
    if not _came_through(proxy, ctx) or not _is_plain(ctx, file, part):
        return None
    found = await store.head(file.key)
    if found is None:
        raise FileNotFoundError(file.key)
    if found.size != file.size:  # reading the file here raises the right error
        return None
    place = quote(proxy.location + file.key)
    # nginx announces ranges only in complete responses.
    passed = [each for each in headers if each[0] != b"accept-ranges" or part]
    return Response(206 if part else 200, b"", [*passed, (b"x-accel-redirect", place.encode())])


def _came_through(proxy: FileProxy, ctx: Context) -> bool:
    peer = ctx.scope.get("client")
    return proxy.is_peer(peer[0] if peer else None)


def _is_plain(ctx: Context, file: Playable, part: Part | None) -> bool:
    """Return whether nginx would send the same response."""
    if ctx.method != "GET" or not file.size:
        return False
    asked = ctx.header("range")
    if asked is not None and (part is None or not PLAIN_RANGE.fullmatch(asked)):
        return False
    return not any(name in ctx.headers for name in PRECONDITIONS)
