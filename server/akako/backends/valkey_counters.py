"""Rate-limit windows in Valkey or Redis, shared by all processes."""

from __future__ import annotations

import asyncio
import hashlib

from hiredis import ReplyError

from akako.backends.valkey_connection import (
    REPLY_TICKS,
    TICK_SECONDS,
    ValkeyConnection,
    connect,
)
from akako.kernel.core.ports import Verdict

KEY_PREFIX = "akako:hits:"
CONNECT_SECONDS = 1.0

# A key is a list of the times of its allowed hits, oldest first, in microseconds of the server's
# clock, so that clock differences between the workers do not matter. If that clock is set back, the
# window of a key pauses for one window at most. Expired hits are found by galloping search, in
# O(log n) steps.
SCRIPT = """
local key, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('LINDEX', key, -1) or 0)
if last > now + window then
  redis.call('DEL', key)
  last = 0
end
local count = redis.call('LLEN', key)

local function expired(index)
  return tonumber(redis.call('LINDEX', key, index)) <= now - window
end

if count > 0 and expired(0) then
  local low, high = 1, 1
  while high < count and expired(high) do
    low, high = high + 1, math.min(high * 2, count)
  end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if expired(middle) then low = middle + 1 else high = middle end
  end
  redis.call('LTRIM', key, low, -1)
  count = count - low
end

local allowed = count < limit
if allowed then
  redis.call('RPUSH', key, string.format('%.0f', math.max(now, last)))
  redis.call('PEXPIRE', key, math.ceil(window / 1000))
  count = count + 1
end
local leaving = tonumber(redis.call('LINDEX', key, math.max(0, count - limit)))
return {allowed and 1 or 0, math.max(0, limit - count), leaving + window - now}
"""
SCRIPT_SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class ValkeyCounters:
    """One script call per hit. `hit` raises when there is no valid reply within about 50 ms."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: ValkeyConnection | None = None
        self._connecting: asyncio.Task[ValkeyConnection] | None = None

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connected()
        call = (SCRIPT_SHA, 1, KEY_PREFIX + key, limit, round(seconds * 1e6))
        reply = await connection.send("EVALSHA", *call)
        # A server that was restarted or flushed does not have the script.
        if isinstance(reply, ReplyError) and str(reply).startswith("NOSCRIPT"):
            _ = connection.send("SCRIPT", "LOAD", SCRIPT)
            reply = await connection.send("EVALSHA", *call)
        try:
            return _verdict(reply)
        except ValueError:
            connection.close()  # later replies may be out of step with their commands
            raise

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()

    async def _connected(self) -> ValkeyConnection:
        """Return the connection. Concurrent callers share one attempt."""
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(_ignore_failure)
        for _ in range(REPLY_TICKS):
            await asyncio.wait({self._connecting}, timeout=TICK_SECONDS)
            if self._connecting.done():
                return self._connecting.result()
        raise TimeoutError

    async def _connect(self) -> ValkeyConnection:
        async with asyncio.timeout(CONNECT_SECONDS):
            self._connection = await connect(self._url)
        return self._connection


def _ignore_failure(connecting: asyncio.Task[ValkeyConnection]) -> None:
    """Retrieve the exception of an attempt that no caller awaited; the next hit tries again."""
    if not connecting.cancelled():
        connecting.exception()


def _verdict(reply: object) -> Verdict:
    match reply:
        case [int(allowed), int(remaining), int(microseconds)]:
            return Verdict(allowed == 1, remaining, microseconds / 1e6)
        case Exception():
            raise reply
    raise ValueError("the server sent an unexpected reply")
