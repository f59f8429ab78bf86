"""Rate-limit windows in Valkey or Redis, shared by every process that uses the same server."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Sequence
from typing import NamedTuple, TypeVar

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from akako.kernel.ports import Verdict

KEY_PREFIX = "akako:hits:"
MAX_BATCH = 500

# Patience, 50 ms, is counted in ticks: after a stall of our own event loop an answer that has
# long arrived still gets its turn, instead of being taken for a slow server.
TICK_SECONDS = 0.01
PATIENCE_TICKS = 5

# A key is a list of the times of its allowed hits, oldest first, in microseconds of the server's
# clock, so that the clocks of the callers do not matter. Should that clock be set back, time
# stands still for a key, for a window at most. The expired hits are found by doubling steps
# and then halves: a few looks, however many there are.
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

T = TypeVar("T")


class _Hit(NamedTuple):
    answer: asyncio.Future[Verdict]
    key: str
    limit: int
    window: int  # microseconds


class ValkeyCounters:
    """One script call per hit. `hit` raises when there is no sound answer within about 50 ms.

    Hits that arrive while others are under way travel together: a burst costs a tenth of what
    as many single calls would, and queues for no connection.
    """

    def __init__(self, url: str) -> None:
        # No time-outs of its own: they would count stalls of the event loop as the server's.
        self._client = Redis.from_url(
            url, protocol=2, driver_info=None, socket_timeout=None, socket_connect_timeout=None
        )
        self._waiting: list[_Hit] = []
        self._sender: asyncio.Task[None] | None = None

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Hit(answer, KEY_PREFIX + key, limit, round(seconds * 1e6)))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_waiting())
        return await answer

    async def close(self) -> None:
        await self._client.aclose()

    async def _send_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            replies: Sequence[object]
            try:
                replies = await _in_time(self._ask(batch))
            except Exception as error:
                # Those behind would only wait for the same failure.
                batch, self._waiting = batch + self._waiting, []
                replies = [error] * len(batch)
            for hit, reply in zip(batch, replies, strict=True):
                _settle(hit.answer, reply)

    async def _ask(self, batch: Sequence[_Hit]) -> list[object]:
        replies = await self._run_script(batch)
        # A server that was restarted or flushed has lost the script, perhaps half-way.
        lost = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if lost:
            await self._client.script_load(SCRIPT)
            again = await self._run_script([batch[index] for index in lost])
            for index, reply in zip(lost, again, strict=True):
                replies[index] = reply
        return replies

    async def _run_script(self, batch: Sequence[_Hit]) -> list[object]:
        pipeline = self._client.pipeline(transaction=False)
        for hit in batch:
            # Queued, not sent: there is nothing to await yet.
            _ = pipeline.evalsha(SCRIPT_SHA, 1, hit.key, hit.limit, hit.window)
        return await pipeline.execute(raise_on_error=False)


def _settle(answer: asyncio.Future[Verdict], reply: object) -> None:
    if answer.done():  # its request was given up meanwhile
        return
    match reply:
        case [int(allowed), int(remaining), int(microseconds)]:
            answer.set_result(Verdict(allowed == 1, remaining, microseconds / 1e6))
        case Exception():
            answer.set_exception(reply)
        case _:
            answer.set_exception(ValueError("the counters' server gave an unusable answer"))


async def _in_time(work: Coroutine[object, object, T]) -> T:
    task = asyncio.create_task(work)
    for _ in range(PATIENCE_TICKS):
        await asyncio.wait({task}, timeout=TICK_SECONDS)
        if task.done():
            return task.result()
    task.cancel()
    raise TimeoutError
