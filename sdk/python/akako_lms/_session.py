"""The one way in which every call is made: build, send, try again, read."""

from __future__ import annotations

import functools
import re
import uuid
import warnings
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2

from akako_lms import _retry
from akako_lms._answers import envelope, no_answer, read_as, refusal, unreadable
from akako_lms._drivers import Content, Driver
from akako_lms._wire import Model, to_body, to_query
from akako_lms.errors import AkakoError, UnauthorizedError
from akako_lms.models import Pagination

T = TypeVar("T")
M = TypeVar("M", bound=Model)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

try:
    USER_AGENT = f"akako-lms-python/{version('akako-lms')}"
except PackageNotFoundError:  # imported from a source tree
    USER_AGENT = "akako-lms-python"


class InsecureAddressWarning(UserWarning):
    """`allow_http` is used: tokens and files are sent without encryption."""


class Page(list[T], Generic[T]):
    """A page of a list: a list of objects that also carries `pagination`."""

    def __init__(self, items: list[T], pagination: Pagination) -> None:
        super().__init__(items)
        self.pagination = pagination
        self._following: Callable[[], Coroutine[Any, Any, Page[T]]] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Page, (list(self), self.pagination)


@dataclass(kw_only=True)
class Request:
    """A call, as it can be sent more than once."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    json: Any = None
    content: Callable[[], Content] | None = None
    rewindable: bool = True  # False: the content can be read only once
    tries: int = _retry.TRIES
    whole: bool = True  # False: the caller reads the body of a success in pieces

    def all_headers(self, token: str | None) -> dict[str, str]:
        named = {"Authorization": bearer(token), "User-Agent": USER_AGENT, **self.headers}
        return {name: value for name, value in named.items() if value is not None}


def bearer(token: str | None) -> str | None:
    """The Authorization header. What cannot be sent is refused without showing it."""
    if not token:
        return None
    if not isinstance(token, str):
        raise TypeError(f"the token must be text, not {type(token).__name__}")
    if not re.fullmatch(r"[!-~]+", token := token.strip()):
        raise ValueError("the token has characters that cannot be sent")
    return f"Bearer {token}"


def check_address(base_url: str, *, allow_http: bool = False) -> str:
    """Return the address without a trailing slash.

    Raises ValueError where the token would not be safe. `allow_http` accepts `http://` for other
    machines, with a warning.
    """
    try:
        url = httpx2.URL(base_url)  # the client's own parser, so that both see the same host
    except httpx2.InvalidURL as error:
        raise ValueError(f"base_url is malformed: {error}") from None
    if url.scheme not in ("https", "http") or not url.host:
        raise ValueError(f"base_url must start with https://, not {base_url[:20]!r}")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("base_url must be scheme, host and path only")
    if url.scheme == "http" and url.host not in LOOPBACK:
        if not allow_http:
            raise ValueError(
                "base_url must start with https:// (http:// is for this machine only; "
                "allow_http=True accepts it in a network that you trust)"
            )
        message = f"Tokens and files go to {url.host} without encryption: others can read them"
        warnings.warn(message, InsecureAddressWarning, stacklevel=4)
    return base_url.rstrip("/")


class Session:
    """Makes calls through a driver."""

    def __init__(self, base_url: str, driver: Driver, *, renews: bool) -> None:
        self._base_url = base_url
        self._driver = driver
        self._renews = renews  # whether asking for the token again may give another one

    async def one(
        self,
        model: type[M],
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> M:
        """Call for a single object."""
        data, etag = await self.data(
            method,
            path,
            body=body,
            query=query,
            if_match=if_match,
            if_none_match=if_none_match,
        )
        return read_as(model, data, etag)

    async def data(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> tuple[Any, str | None]:
        """Call for the `data` of the answer and its ETag."""
        request = Request(
            method=method,
            path=path,
            query=to_query(query or {}),
            json=None if body is None else to_body(body),
            headers={"If-Match": if_match, "If-None-Match": if_none_match, **key_for(method)},
        )
        response = await self.send(request)
        return envelope(response)["data"], response.headers.get("etag")

    async def page(
        self, model: type[M], path: str, query: Mapping[str, Any], known: type
    ) -> Page[M]:
        """Call for a page of a list. A parameter that `known` does not name is a TypeError."""
        check_names(query, known)
        return await self._page(model, path, to_query(query))

    async def _page(self, model: type[M], path: str, query: Mapping[str, str]) -> Page[M]:
        response = await self.send(Request(method="GET", path=path, query=query))
        body = envelope(response)
        if not isinstance(body["data"], list):
            raise unreadable(response)
        items = [read_as(model, each) for each in body["data"]]
        page = Page(items, read_as(Pagination, body.get("pagination")))
        following = response.links.get("next", {}).get("url")
        if following:
            # Only the query: wherever a link points, the token goes nowhere else.
            cursor = dict(parse_qsl(urlsplit(following).query))
            page._following = lambda: self._page(model, path, cursor)
        return page

    async def send(self, request: Request) -> httpx2.Response:
        """Send until it succeeds, is refused for good or three tries are over."""
        renews = self._renews and request.rewindable
        tries = _retry.TRIES - (request.tries if request.rewindable else 1)
        while True:
            tries += 1
            token = await self._driver.token()  # an error of the caller's function is not ours
            try:
                response = await self._send_once(request, token)
                if response.is_success:
                    return response
                problem = refusal(response)
            except httpx2.HTTPError as error:
                problem = no_answer(error)
            if renews and isinstance(problem, UnauthorizedError):
                renews, tries = False, tries - 1
                continue
            await self.recover(problem, tries)

    async def recover(self, problem: AkakoError, tries: int) -> None:
        """Wait until it may be tried again; raise the problem if it should not be."""
        pause = _retry.pause(problem, tries)
        if pause is None:
            raise problem
        await self._driver.sleep(pause)

    async def _send_once(self, request: Request, token: str | None) -> httpx2.Response:
        built = self._driver.client.build_request(
            request.method,
            self._base_url + request.path,
            params=request.query or None,
            json=request.json,
            content=self._driver.content(request.content()) if request.content else None,
            headers=request.all_headers(token),
        )
        response = await self._driver.send(built)
        if request.whole or not response.is_success:
            try:
                await self._driver.read(response)
            finally:
                await self._driver.close(response)
        return response

    async def receive(
        self,
        response: httpx2.Response,
        begin: Callable[[], None],
        write: Callable[[bytes], None],
        written: Callable[[], None],
    ) -> None:
        """Hand the body over in pieces; raise httpx2.HTTPError if it breaks off."""
        try:
            await self._driver.work(begin)
            while chunk := await self._driver.next_chunk(response):
                await self._driver.work(functools.partial(write, chunk))
                written()
        finally:
            await self._driver.close(response)

    def absolute(self, url: str) -> str:
        """Return an address of the server, which may be given as a path.

        The server's paths start with `/api`. Where a proxy serves the API below a prefix, such as
        `https://host/lms/api`, they are below that prefix.
        """
        own = urlsplit(self._base_url).path
        if own.endswith("/api") and url.startswith("/api/") and not url.startswith(f"{own}/"):
            return self._base_url + url.removeprefix("/api")
        return urljoin(self._base_url, url)

    async def work(self, function: Callable[[], T]) -> T:
        """Do something with files, off the event loop where there is one."""
        return await self._driver.work(function)


def key_for(method: str) -> dict[str, str]:
    """An idempotency key for what must not happen twice; it stays the same over all tries."""
    return {} if method == "GET" else {"Idempotency-Key": str(uuid.uuid4())}


def check_names(values: Mapping[str, Any], known: type) -> None:
    """Raise TypeError for a keyword that the TypedDict does not have."""
    unknown = values.keys() - known.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
