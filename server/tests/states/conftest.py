"""One server for all machines; each example brings people and things of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.faults import invariants
from tests.faults.attempts import SECRET
from tests.parts.server import Server

Machine = Callable[[Server], RuleBasedStateMachine]
Walk = Callable[[Machine], None]


@pytest.fixture(scope="package")
def school(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    environment = {"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET}
    folder = tmp_path_factory.mktemp("states")
    server = Server(folder, new_database(), environment=environment).start()
    yield server
    server.close()


@pytest.fixture
def walk(school: Server, long: bool) -> Walk:
    """Let a machine take random walks beside the server, and look at what they left behind."""
    bounds = settings(
        max_examples=60 if long else 8,
        stateful_step_count=50 if long else 20,
    )

    def run(machine: Machine) -> None:
        run_state_machine_as_test(lambda: machine(school), settings=bounds)  # type: ignore[arg-type]
        assert '"request_crashed"' not in school.log()
        invariants.check(school)

    return run
