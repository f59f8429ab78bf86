"""The server's own fixtures, and both clients in turn."""

from __future__ import annotations

import pytest

from akako_lms import _retry
from calls import Call, call_async, call_blocking
from tests.conftest import api, new_database, postgres, start_server
from tests.parts.processes import (
    pytest_collection_modifyitems,
    pytest_runtest_call,
    pytest_runtest_setup,
)

__all__ = [
    "api",
    "new_database",
    "postgres",
    "pytest_collection_modifyitems",
    "pytest_runtest_call",
    "pytest_runtest_setup",
    "start_server",
]


@pytest.fixture(params=[call_blocking, call_async], ids=["blocking", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """`call(lambda client: client.education.get_levels(), base_url, token)`, in both ways."""
    chosen: Call = request.param
    return chosen


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated tries follow at once where the server asks for no pause."""
    monkeypatch.setattr(_retry, "FIRST_SECONDS", 0.001)
