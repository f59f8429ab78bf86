"""Tests that start processes are recognized from their code, and all others cannot start any."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import pytest

from akako.backends.postgres.embedded import start
from tests.house import project
from tests.parts import processes
from tests.parts.server import Server

SLEEP = [sys.executable, "-c", ""]


def direct() -> None:
    subprocess.run(SLEEP, check=True)


async def with_asyncio() -> None:
    await asyncio.create_subprocess_exec(*SLEEP)


def through_a_module() -> None:
    project.project_files()


def through_a_class() -> None:
    Server(project.ROOT, None)


def through_postgresql() -> None:
    start(project.ROOT, {})


def through_a_table() -> None:
    TABLE["direct"]()


def through_a_partial() -> None:
    PART()


def in_a_nested_function() -> Callable[[], None]:
    def nested() -> None:
        direct()

    return nested


def first() -> None:
    second()


def second() -> None:
    first()


def in_process() -> object:
    return project.ROOT, asyncio.sleep(0), second


TABLE = {"direct": direct}
PART = partial(direct)


@pytest.mark.parametrize(
    "function",
    [
        direct,
        with_asyncio,
        through_a_module,
        through_a_class,
        through_postgresql,
        through_a_table,
        through_a_partial,
        in_a_nested_function,
    ],
)
def test_a_process_start_is_reached(function: FunctionType) -> None:
    assert processes.reaches(function)


@pytest.mark.parametrize("function", [first, in_process])
def test_code_that_starts_nothing_is_recognized(function: FunctionType) -> None:
    assert not processes.reaches(function)


def test_fixtures_count(request: pytest.FixtureRequest, new_database: Any) -> None:
    assert request.node.get_closest_marker("processes")


@pytest.mark.processes
def test_an_unmarked_test_cannot_start_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_current", ["test_x"])
    with pytest.raises(AssertionError, match="test_x starts a process"):
        direct()


def test_an_unmarked_test_is_watched() -> None:
    assert processes._current
