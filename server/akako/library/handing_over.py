"""Leaving a file to nginx in front, which sends it from the store's folder without copying it.

nginx reads `Range` and `If-Range` again, so it is asked only where it comes to what we found.
"""

from __future__ import annotations

from urllib.parse import quote

from akako.kernel.files.ranges import Part
from akako.kernel.http.call import Call
from akako.kernel.http.reply import Headers, Reply
from akako.kernel.ports import ObjectStore
from akako.library.queries import Playable

# nginx holds numbers of more digits than fit for a range that the file does not have.
LONGEST_RANGE = len("bytes=-") + 18
# nginx compares them with a tag and a time of its own.
PRECONDITIONS = (b"if-match", b"if-unmodified-since")


async def hand_over(
    call: Call, store: ObjectStore, file: Playable, part: Part | None, headers: Headers
) -> Reply | None:
    """An answer that names the file to nginx; None where the file is to be sent from here.

    Raise FileNotFoundError where the store has lost it.
    """
    if not _is_fit(call, file, part) or store.local_path(file.key) is None:
        return None
    found = await store.head(file.key)
    if found is None:
        raise FileNotFoundError(file.key)
    proxy = call.outside.file_proxy
    if proxy is None or found.size != file.size:
        return None
    place = quote(proxy.location + file.key)
    # nginx says that it takes ranges where it sends the whole.
    kept = [each for each in headers if each[0] != b"accept-ranges" or part]
    return Reply(206 if part else 200, b"", [*kept, (b"x-accel-redirect", place.encode())])


def _is_fit(call: Call, file: Playable, part: Part | None) -> bool:
    proxy, peer = call.outside.file_proxy, call.scope.get("client")
    if proxy is None or call.method != "GET" or not file.size:
        return False
    if not proxy.is_peer(peer[0] if peer else None):
        return False
    asked = call.header("range")
    if asked is not None and (part is None or len(asked) > LONGEST_RANGE):
        return False
    return not any(name in call.headers for name in PRECONDITIONS)
