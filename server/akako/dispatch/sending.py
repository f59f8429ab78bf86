"""Send one request to a receiver: to the checked address, without redirects, with bounds."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpcore2
import httpx2
import msgspec
from standardwebhooks import Webhook

from akako import __version__
from akako.dispatch.addresses import AddressRefused, Destinations

SECONDS = 15.0
MAX_RESPONSE_BYTES = 1_024
KEEP_ALIVE_SECONDS = 15.0
MAX_CONNECTIONS = 100
USER_AGENT = f"Akako-Webhooks/{__version__}"


class Reply(msgspec.Struct, frozen=True):
    """What a receiver answered, or why there is no answer."""

    status: int | None = None
    body: str | None = None
    error: str | None = None
    seconds: float = 0.0

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class _CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections to permitted addresses only.

    The name is resolved here and the connection goes to the address that was checked, so that a
    second answer of the name server has no effect. Server name and `Host` stay those of the URL.
    """

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of the library
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        *others, last = await self._destinations.resolve(host, port)
        for address in others:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class Sender:
    """Sends requests over a pool of connections. No proxy of the environment is used."""

    def __init__(self, destinations: Destinations, tls: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or httpx2.create_ssl_context(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=_CheckedNetwork(destinations),
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the reply of the receiver within SECONDS. Never raises."""
        started = time.monotonic()
        reply = await self._attempt(url, headers, body)
        return msgspec.structs.replace(reply, seconds=time.monotonic() - started)

    async def _attempt(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            async with asyncio.timeout(SECONDS):
                return await self._exchange(url, headers, body)
        except AddressRefused:
            return Reply(error="The address is private, loopback, link-local or reserved")
        except TimeoutError:
            return Reply(error=f"No complete response within {SECONDS:.0f} seconds")
        except ssl.SSLError:
            return Reply(error="The TLS connection failed")
        except OSError:
            return Reply(error="The host name does not resolve")
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            return Reply(error=f"The connection failed: {_reason(error)}")
        except Exception as error:  # no response may stop the dispatcher
            return Reply(error=f"The response could not be read: {type(error).__name__}")

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        wire = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with self._pool.stream("POST", url, headers=wire, content=body) as response:
            read = b""
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) >= MAX_RESPONSE_BYTES:
                    break
        text = read[:MAX_RESPONSE_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
        return Reply(response.status, text, _error(response.status))

    async def close(self) -> None:
        await self._pool.aclose()


def _error(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The response has the status {status}; redirects are not followed"
    return f"The response has the status {status}"


def _reason(error: Exception) -> str:
    """Return the text of a connection error without addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not valid ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "TLS could not be established"
        cause = cause.__cause__ or cause.__context__
    return "timed out" if isinstance(error, httpcore2.ConnectTimeout) else "refused or unreachable"


def signed_headers(event_id: str, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with a signature per secret."""
    now = datetime.now(UTC)
    text = body.decode()
    signatures = [Webhook(secret).sign(event_id, now, text) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": USER_AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
