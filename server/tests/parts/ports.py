"""Ports that no other program is given while a test uses them."""

from __future__ import annotations

import socket
from collections import deque

MOST_HELD = 300  # descriptors; servers that were given earlier ports listen on them, or are gone

_held: deque[socket.socket] = deque()


def free_port() -> int:
    """Return a port of 127.0.0.1 for a server, which may also stop and listen there again.

    A socket that never listens stays bound to it, so that the system gives the port to no other
    program. Servers set SO_REUSEADDR and can therefore listen beside it; until one does,
    connections are refused.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    if len(_held) > MOST_HELD:
        _held.popleft().close()
    return int(holder.getsockname()[1])
