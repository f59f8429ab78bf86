"""What the areas of the API are made of.

An operation is written once, as a coroutine. Called through the blocking client it returns its
result, through the async client it returns the coroutine; the types say so too.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from akako_lms._drivers import Awaiting, Blocking, Driver
from akako_lms._session import Page, Session

D = TypeVar("D", bound=Driver)
P = ParamSpec("P")
T = TypeVar("T")
PAGE_ITEMS = 100


class Area(Generic[D]):
    """A part of the API."""

    def __init__(self, session: Session, driver: D) -> None:
        self._session = session
        self._driver = driver


class operation(Generic[P, T]):  # noqa: N801 - used as a decorator
    """A method of an area: blocking or awaitable, as its client is."""

    def __init__(self, call: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self.call = call
        self.__doc__ = call.__doc__

    @overload
    def __get__(self, area: None, owner: type) -> operation[P, T]: ...
    @overload
    def __get__(self, area: Area[Blocking], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, area: Area[Awaiting], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, area: Area[Any] | None, owner: type) -> Any:
        if area is None:
            return self

        @functools.wraps(self.call)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return area._driver.run(self.call(area, *args, **kwargs))

        return method


class iteration(Generic[P, T]):  # noqa: N801 - stands beside operation
    """A method that walks all pages of a list: an iterator, or an async one."""

    def __init__(self, first_page: operation[P, Page[T]]) -> None:
        self.first_page = first_page.call
        self.__doc__ = f"{first_page.__doc__} All of them, over all pages."

    @overload
    def __get__(self, area: None, owner: type) -> iteration[P, T]: ...
    @overload
    def __get__(self, area: Area[Blocking], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, area: Area[Awaiting], owner: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, area: Area[Any] | None, owner: type) -> Any:
        if area is None:
            return self
        walk = _walk if isinstance(area._driver, Blocking) else _walk_async

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            # Fewer calls: each of them counts towards the month's quota.
            kwargs.setdefault("limit", PAGE_ITEMS)
            return walk(area, functools.partial(self.first_page, area, *args, **kwargs))

        return method


def _walk(area: Area[Blocking], following: Following[T] | None) -> Iterator[T]:
    while following:
        page = area._driver.run(following())
        yield from page
        following = page._following


async def _walk_async(area: Area[Awaiting], following: Following[T] | None) -> AsyncIterator[T]:
    while following:
        page = await following()
        for each in page:
            yield each
        following = page._following


Following = Callable[[], Coroutine[Any, Any, Page[T]]]
