"""A mentor with few uploads left, and a topic of theirs."""

from __future__ import annotations

import pytest

from tests.library.school import Topic, add_topic
from tests.library.usage import new_mentor
from tests.parts.server import Server


@pytest.fixture
def mentor(api: Server) -> str:
    """A fresh mentor on the FREE plan."""
    return new_mentor(api)


@pytest.fixture
def topic(api: Server, mentor: str) -> Topic:
    return add_topic(api, mentor=mentor)
