"""An answer leaves in one write, and cannot be other than its head says."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from akako.kernel.http.cycle import JOINED_BYTES, MOST_PIECES, Cycle

LOGGER = logging.getLogger("test")


class Line:
    """What a transport is told, in order."""

    def __init__(self) -> None:
        self.writes: list[bytes | tuple[bytes, ...]] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.writes.append(pieces)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Flow:
    write_paused = False
    reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def made(method: str = "GET", *, keep_alive: bool = True) -> tuple[Cycle, Line]:
    line: Any = Line()
    flow: Any = Flow()
    scope: Any = {"method": method}
    cycle = Cycle(
        scope=scope,
        transport=line,
        flow=flow,
        logger=LOGGER,
        access_logger=LOGGER,
        access_log=False,
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )
    return cycle, line


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_head_and_body_leave_together() -> None:
    cycle, line = made()
    await cycle.send(start(200, (b"content-length", b"4")))
    assert line.writes == []
    await cycle.send(body(b"ab", more=True))
    await cycle.send(body(b"cd", more=True))
    await cycle.send(body(b""))
    head = b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 4\r\n\r\n"
    assert line.writes == [head + b"ab", b"cd"]
    assert cycle.response_complete
    assert not line.closed


async def test_a_large_body_is_not_copied() -> None:
    cycle, line = made()
    large = bytes(JOINED_BYTES + 1)
    await cycle.send(start(200, (b"content-length", b"%d" % len(large))))
    await cycle.send(body(large))
    ((head, sent),) = line.writes
    assert isinstance(head, bytes)
    assert head.endswith(b"\r\n\r\n")
    assert sent is large


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
async def test_an_answer_without_a_body_is_its_head(method: str, status: int) -> None:
    cycle, line = made(method, keep_alive=False)
    length = [(b"content-length", b"9")] if method == "HEAD" else []
    await cycle.send(start(status, *length))
    await cycle.send(body(b"" if status == 304 else b"123456789"))
    (sent,) = line.writes
    assert isinstance(sent, bytes)
    assert sent.endswith(b"connection: close\r\n\r\n")
    assert line.closed


async def test_an_answer_may_close_the_connection() -> None:
    cycle, line = made()
    await cycle.send(start(200, (b"connection", b"close"), (b"content-length", b"0")))
    await cycle.send(body(b""))
    (sent,) = line.writes
    assert isinstance(sent, bytes)
    assert sent.count(b"connection:") == 1
    assert line.closed


async def test_what_a_caller_calls_a_request_is_no_header() -> None:
    cycle, line = made(keep_alive=False)
    await cycle.send(start(200, (b"x-request-id", b"connection"), (b"content-length", b"0")))
    await cycle.send(body(b""))
    (sent,) = line.writes
    assert isinstance(sent, bytes)
    assert b"\r\nconnection: close\r\n" in sent


@pytest.mark.parametrize(
    "value", [b"a\r\nx: b", b"a\nb", b"a\rb", b"\r\n", b"a\0", b"\x7f", b"\x0b"]
)
async def test_a_value_cannot_split_the_head(value: bytes) -> None:
    cycle, line = made()
    with pytest.raises(RuntimeError):
        await cycle.send(start(200, (b"x-any", value), (b"content-length", b"0")))
    assert line.writes == []


@pytest.mark.parametrize(("declared", "pieces"), [(3, [b"ab"]), (3, [b"ab", b"cd"]), (0, [b"a"])])
async def test_a_body_is_as_long_as_was_declared(declared: int, pieces: list[bytes]) -> None:
    cycle, _ = made()
    await cycle.send(start(200, (b"content-length", b"%d" % declared)))
    for piece in pieces[:-1]:
        await cycle.send(body(piece, more=True))
    with pytest.raises(RuntimeError):
        await cycle.send(body(pieces[-1]))
    assert not cycle.response_complete


async def test_a_value_may_hold_a_tab_and_any_letter() -> None:
    cycle, line = made()
    await cycle.send(start(200, (b"x-any", b"a\tb\xfc"), (b"content-length", b"0")))
    await cycle.send(body(b""))
    assert len(line.writes) == 1


async def test_who_left_is_sent_nothing() -> None:
    cycle, line = made()
    await cycle.send(start(200, (b"content-length", b"2")))
    cycle.disconnected = True
    await cycle.send(body(b"ab"))
    assert line.writes == []
    assert (await cycle.receive())["type"] == "http.disconnect"


async def test_messages_come_in_order() -> None:
    cycle, _ = made()
    with pytest.raises(RuntimeError):
        await cycle.send(body(b""))
    await cycle.send(start(200, (b"content-length", b"0")))
    with pytest.raises(RuntimeError):
        await cycle.send(start())
    await cycle.send(body(b""))
    with pytest.raises(RuntimeError):
        await cycle.send(body(b""))


async def test_a_piece_of_a_request_is_handed_on_as_it_came() -> None:
    cycle, _ = made("POST")
    large = bytes(70_000)
    flow: Any = cycle.flow
    cycle.take(large)
    assert not flow.reading
    message = await cycle.receive()
    assert message["body"] is large
    assert flow.reading
    cycle.take(b"a")
    cycle.take(b"b")
    cycle.more_body = False
    assert await cycle.receive() == {"type": "http.request", "body": b"ab", "more_body": False}


async def test_many_small_pieces_are_not_kept_apart() -> None:
    cycle, _ = made("POST")
    for number in range(10 * MOST_PIECES):
        cycle.take(b"%d" % (number % 10))
    assert len(cycle.pieces) <= MOST_PIECES
    assert (await cycle.receive())["body"] == b"0123456789" * MOST_PIECES
