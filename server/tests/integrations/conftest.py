from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integrations.webhooks import remove_all
from tests.parts.receiver import Receiver, receiving
from tests.parts.server import Server


@pytest.fixture
def receiver(api: Server) -> Iterator[Receiver]:
    """A receiver; the endpoints that a test registers are removed after it."""
    with receiving() as receiver:
        yield receiver
    remove_all(api)
