"""A TCP proxy between two parts, which delays, cuts, stalls or refuses on request."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self

READ_BYTES = 64 * 1024
LOOK_SECONDS = 0.01
WAIT_SECONDS = 30


class TcpProxy:
    """Runs in a thread of its own. Its faults are plain attributes, changed at any time:

    `delay` seconds pass before each piece is sent on, both ways; `cut_answers_after` and
    `cut_requests_after` reset a connection once it has carried so many bytes; while `stalled`,
    connections are accepted and stay open but carry nothing; the first bytes of `damage` are
    replaced by the second in what is requested. `watch` is given what is requested, undamaged.
    """

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._listener = _listening(0)
        self.port = int(self._listener.getsockname()[1])
        self.delay = 0.0
        self.cut_answers_after: int | None = None
        self.cut_requests_after: int | None = None
        self.stalled = False
        self.damage: tuple[bytes, bytes] | None = None
        self.watch: Callable[[bytes], object] | None = None
        self.accepted = 0  # connections so far
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def refuse(self) -> None:
        """Refuse new connections; those that are open go on."""
        self._run(self._stop_listening())

    def accept(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = _listening(self.port)
        self._run(self._listen())

    def drop(self) -> None:
        """Reset every open connection."""
        self._run(self._drop())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def _stop_listening(self) -> None:
        if self._server:
            self._server.close()  # closes the listener too
            self._server = None

    async def _drop(self) -> None:
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        with suppress(asyncio.CancelledError, OSError):
            await self._carry(reader, writer)
        self._open.discard(task)
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, "cut_requests_after")),
            asyncio.create_task(self._pump(far_reader, writer, "cut_answers_after")),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: str
    ) -> None:
        carried = 0
        while piece := await reader.read(READ_BYTES):
            await asyncio.sleep(self.delay)
            while self.stalled:
                await asyncio.sleep(LOOK_SECONDS)
            if limit == "cut_requests_after":
                piece = self._changed(piece)
            cut: int | None = getattr(self, limit)
            if cut is not None and carried + len(piece) > cut:
                writer.write(piece[: cut - carried])
                await writer.drain()
                return
            carried += len(piece)
            writer.write(piece)
            await writer.drain()

    def _changed(self, piece: bytes) -> bytes:
        if self.watch:
            self.watch(piece)
        return piece.replace(*self.damage) if self.damage else piece


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener
