"""Leaving a file to nginx in front, which sends it from the store's folder without copying it.

nginx reads `Range` and `If-Range` again, so it is left to it only where nginx finds the same part.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from akako.kernel.core.ports import ObjectStore
from akako.kernel.files.ranges import Part
from akako.kernel.http.context import Context
from akako.kernel.http.responses import Headers, Response
from akako.library.file_proxy import FileProxy
from akako.library.media import Files
from akako.library.queries import Playable

# nginx takes numbers of more digits for a range that the file does not have.
PLAIN_RANGE = re.compile(r"bytes=[0-9]{0,18}-[0-9]{0,18}", re.ASCII | re.IGNORECASE)
# nginx compares them with a tag and a time of its own.
PRECONDITIONS = (b"if-match", b"if-unmodified-since")


async def hand_over(
    ctx: Context, store: ObjectStore, file: Playable, part: Part | None, headers: Headers
) -> Response | None:
    """An answer that names the file to nginx; None where the file is to be sent from here.

    Raise FileNotFoundError where the store has lost it.
    """
    proxy = ctx.get(Files).file_proxy
    if proxy is None or store.local_path(file.key) is None:
        return None
    if not _came_through(proxy, ctx) or not _is_plain(ctx, file, part):
        return None
    found = await store.head(file.key)
    if found is None:
        raise FileNotFoundError(file.key)
    if found.size != file.size:  # the reading from here says what is wrong
        return None
    place = quote(proxy.location + file.key)
    # nginx says that it takes ranges where it sends the whole.
    kept = [each for each in headers if each[0] != b"accept-ranges" or part]
    return Response(206 if part else 200, b"", [*kept, (b"x-accel-redirect", place.encode())])


def _came_through(proxy: FileProxy, ctx: Context) -> bool:
    peer = ctx.scope.get("client")
    return proxy.is_peer(peer[0] if peer else None)


def _is_plain(ctx: Context, file: Playable, part: Part | None) -> bool:
    """Whether nginx would answer the same."""
    if ctx.method != "GET" or not file.size:
        return False
    asked = ctx.header("range")
    if asked is not None and (part is None or not PLAIN_RANGE.fullmatch(asked)):
        return False
    return not any(name in ctx.headers for name in PRECONDITIONS)
