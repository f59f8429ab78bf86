"""`akako dev clerk`: an integrator's stand-in for Clerk, used against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from akako.dev.fake_clerk_control import INSTANCE_ID, WEBHOOK_SECRET
from tests.docs.pages import DOCS, examples
from tests.parts.ports import free_port
from tests.parts.server import GENEROUS

CLERK, API = "http://127.0.0.1:9400", "http://127.0.0.1:8000"
STRICT = "set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n"


@contextmanager
def running(script: str, environment: dict[str, str], ready: str) -> Iterator[None]:
    """A documented command while it runs, once that address answers."""
    process = subprocess.Popen(
        ["bash", "-c", script.replace("akako ", "exec akako ")], env=environment
    )
    try:
        deadline = time.monotonic() + 60
        while not _answers(ready):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).is_success
    except httpx2.TransportError:
        return False


class Place:
    """Where a documented story takes place: other ports, everything else as it is written."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.clerk = f"http://127.0.0.1:{free_port()}"
        self.port = free_port()
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AKAKO_")}
        self.environment = {
            **kept,
            **GENEROUS,
            "AKAKO_DATABASE_URL": database_url,
            "AKAKO_DATA_DIR": str(folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def moved(self, script: str) -> str:
        for documented, real in (
            (CLERK, self.clerk),
            ("--port 9400", f"--port {self.clerk.rpartition(':')[2]}"),
            (API, f"http://127.0.0.1:{self.port}"),
            ("akako serve", f"akako serve --port {self.port}"),
        ):
            script = script.replace(documented, real)
        return script


@pytest.fixture(scope="module")
def place(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The fake Clerk and the server, both started as the documentation says."""
    place = Place(tmp_path_factory.mktemp("documented"), new_database())
    start_clerk, start_server, _ = map(place.moved, examples(DOCS / "webhooks.md", "sh"))
    ready = f"http://127.0.0.1:{place.port}/health/ready"
    with (
        running(start_clerk, place.environment, f"{place.clerk}/.well-known/jwks.json"),
        running(start_server, place.environment, ready),
    ):
        yield place


def test_the_documented_story_happens(place: Place) -> None:
    *_, story = examples(DOCS / "webhooks.md", "sh")
    done = subprocess.run(
        ["bash", "-c", STRICT + place.moved(story)],
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    assert done.stdout.count('"delivered": 200') == 5


def steer(place: Place, verb: str, **given: Any) -> Any:
    answer = httpx2.post(f"{place.clerk}/control/{verb}", json=given, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_message_is_sent_again_as_the_same(place: Place) -> None:
    data = {"id": "user_twice", "email_addresses": [], "updated_at": 5}
    first = steer(place, "webhook", type="user.created", data=data)
    again = steer(place, "webhook", type="user.created", data=data, id=first["id"])
    assert again == first == {"id": first["id"], "delivered": 200}


def test_any_claim_can_be_given(place: Place) -> None:
    steer(place, "users", id="user_claims", email="claims@example.com")
    result = steer(place, "token", sub="user_claims", ttl=30, sts="pending", sid="sess_own")
    assert result["sid"] == "sess_own"
    profile = f"http://127.0.0.1:{place.port}/api/auth/profile"
    answer = httpx2.get(profile, headers={"Authorization": f"Bearer {result['token']}"}, timeout=30)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("verb", "given", "status"),
    [
        ("nonsense", {}, 404),
        ("token", {}, 400),
        ("users", [], 400),
        ("webhook", {"type": "user.created"}, 400),
        ("fail", {"endpoint": "nothing", "status": 500}, 400),
        ("fail", {"endpoint": "user", "colour": "red"}, 400),
    ],
)
def test_what_it_does_not_understand_it_says(
    place: Place, verb: str, given: object, status: int
) -> None:
    answer = httpx2.post(f"{place.clerk}/control/{verb}", json=given, timeout=30)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_without_a_receiver_it_says_so(tmp_path: Path) -> None:
    place = Place(tmp_path, "")
    start_clerk, *_ = map(place.moved, examples(DOCS / "webhooks.md", "sh"))
    with running(start_clerk, place.environment, f"{place.clerk}/.well-known/jwks.json"):
        result = steer(place, "users", id="user_alone")
    assert (result["delivered"], result["error"]) == (None, "ConnectError")


def test_the_documented_settings_are_its_own() -> None:
    _, start_server, _ = examples(DOCS / "webhooks.md", "sh")
    assert f"AKAKO_CLERK_WEBHOOK_SECRETS={WEBHOOK_SECRET}\n" in start_server
    assert f"AKAKO_CLERK_INSTANCE_ID={INSTANCE_ID}\n" in start_server
