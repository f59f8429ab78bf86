"""Mark tests that start processes, such as servers, browsers and compilers.

At collection every test whose code or fixtures reach something that starts a process is marked
`processes`; `make test-fast` runs the others. A test without the mark that starts a process all
the same fails, and can be marked by hand: `@pytest.mark.processes`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterator
from functools import cache, partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.house.project import ROOT

EVENTS = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.system"}
STARTERS = {
    "subprocess",
    "multiprocessing",
    "akako.backends.postgres.embedded",
    "akako.backends.postgres.process",
    "akako.backends.postgres.owner",
    "akako.backends.postgres.binaries",
}
FOLDERS = tuple(str(ROOT / each) for each in ("server/tests/", "sdk/python/tests/"))

_current: list[str] = []  # the test that runs, unless it may start processes


def starts_processes(item: pytest.Function) -> bool:
    """Return whether the code of a test or of one of its fixtures reaches a process starter."""
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    inner = getattr(getattr(item.function, "hypothesis", None), "inner_test", item.function)
    functions = [inner, *(each.func for defined in fixtures for each in defined)]
    return any(reaches(each) for each in functions if isinstance(each, FunctionType))


@cache
def reaches(function: FunctionType) -> bool:
    return _search(function, set())


def _search(function: FunctionType, seen: set[object]) -> bool:
    seen.add(function)
    names = set(_names(function.__code__))
    for value in [function.__globals__.get(name) for name in names]:
        for used in _used(value, names):
            if _starts(used):
                return True
            for each in _functions(used):
                if each not in seen and _search(each, seen):
                    return True
    return "create_subprocess_exec" in names


def _used(value: Any, names: set[str]) -> Iterator[Any]:
    """Yield what a global name stands for, its items, and of a module what is named of it."""
    yield value
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, ModuleType) and _is_ours(getattr(value, "__file__", None)):
        yield from (vars(value)[name] for name in names if name in vars(value))


def _starts(value: Any) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__ in STARTERS
    return getattr(value, "__module__", None) in STARTERS


def _functions(value: Any) -> Iterator[FunctionType]:
    """Yield a function of the tests, or the methods of a class of theirs."""
    value = value.func if isinstance(value, partial) else getattr(value, "__wrapped__", value)
    found = vars(value).values() if isinstance(value, type) else [value]
    yield from (
        each
        for each in found
        if isinstance(each, FunctionType) and _is_ours(each.__code__.co_filename)
    )


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


def _is_ours(file: str | None) -> bool:
    return bool(file) and str(file).startswith(FOLDERS)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    main = threading.current_thread() is threading.main_thread()
    # croniter asks `file` about the interpreter when it is first imported.
    if event in EVENTS and arguments[:1] != ("file",) and _current and main:
        raise AssertionError(
            f"{_current[0]} starts a process ({arguments[:1]}) without @pytest.mark.processes"
        )


def watch() -> None:
    """Let process starts fail in tests without the mark, for as long as Python runs."""
    if not getattr(sys, "_akako_watches_processes", False):
        sys.addaudithook(_refuse)
        sys._akako_watches_processes = True  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and starts_processes(item):
            item.add_marker("processes")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from _watched(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from _watched(item))


def _watched(item: pytest.Item) -> Generator[None, Any, Any]:
    """The end of a test is not watched: it may stop what another test's fixture has started."""
    if item.get_closest_marker("processes") is None:
        _current.append(item.nodeid)
    try:
        return (yield)
    finally:
        _current.clear()
