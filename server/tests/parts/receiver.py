"""A receiver of webhooks: a real HTTP server in a thread, which records each request."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec
from standardwebhooks import Webhook

WAIT_SECONDS = 20.0


class Received(NamedTuple):
    """A request to the receiver."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float  # of the monotonic clock

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded

    def verify(self, secret: str) -> dict[str, Any]:
        """Return the event if one of the signatures was made with the secret."""
        verified: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return verified


class Answer(NamedTuple):
    """What the receiver answers."""

    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    seconds: float = 0.0  # to wait before


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Write nothing about connections that clients break."""


class Receiver:
    """Answers each request as `answer` says, which may be replaced at any time."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda received: Answer()
        self.in_flight = 0
        self.most_in_flight = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                owner.handle(self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Write nothing."""

        return Handler

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.path, headers, body, time.monotonic())
        with self._lock:
            self.received.append(received)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            self._reply(request, self.answer(received))
        except OSError:
            request.close_connection = True
        finally:
            with self._lock:
                self.in_flight -= 1

    def _reply(self, request: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.seconds)
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        if answer.status != 204:
            request.send_header("Content-Length", str(len(answer.body)))
        request.end_headers()
        request.wfile.write(answer.body)

    def of(self, event_type: str) -> list[Received]:
        return [each for each in list(self.received) if each.event["type"] == event_type]

    def wait(self, number: int = 1, *, seconds: float = WAIT_SECONDS) -> list[Received]:
        """Return the requests so far as soon as there are so many."""
        self.until(lambda: len(self.received) >= number, seconds=seconds)
        return list(self.received)

    def until(self, reached: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"{len(self.received)} requests so far"
            time.sleep(0.02)

    def secure(self, tls: ssl.SSLContext) -> None:
        """Serve over TLS from now on."""
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()
