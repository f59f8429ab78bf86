"""One story, run by every client: a school is built and used over a connection that breaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from akako.kernel.core.ids import new_id
from tests.factories import create_user
from tests.library.school import MIB, sha256, video
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy
from tests.sdk.packages import PYTHON, TYPESCRIPT, run

FILM = video(5 * MIB)
USERS = 1_000

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def line(api: Server) -> Iterator[TcpProxy]:
    """The way to a server with 1,000 users more than usual; each connection carries little."""
    with api.db() as db, db.transaction():
        for _ in range(USERS):
            create_user(db, role=None, email=None, last_name="Crowd")
    with TcpProxy(api.port) as line:
        line.cut_requests_after = MIB
        line.cut_answers_after = 2 * MIB
        yield line


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "bees.mp4"
    path.write_bytes(FILM)
    return path


@pytest.fixture(params=["python", "python async", "typescript"])
def journey(request: pytest.FixtureRequest, tmp_path: Path) -> list[str | Path]:
    """The command that tells the story."""
    if request.param == "typescript":
        consumer: Path = request.getfixturevalue("typescript") / "consumer"
        program = consumer / f"{tmp_path.name}.mjs"
        program.write_bytes((TYPESCRIPT / "test" / "journey.mjs").read_bytes())
        return ["node", program]
    client = "async" if request.param.endswith("async") else "blocking"
    return [sys.executable, PYTHON / "tests" / "journey.py", client]


def test_the_story(
    journey: list[str | Path], api: Server, line: TcpProxy, film: Path, tmp_path: Path
) -> None:
    learner = api.user(new_id())
    tokens = {who: api.token(who) for who in ("admin", "mentor")} | {"learner": api.token(learner)}
    before = line.accepted
    output = run(
        tmp_path,
        *journey,
        AKAKO_URL=f"http://127.0.0.1:{line.port}",
        AKAKO_TOKENS=json.dumps(tokens),
        AKAKO_FILM=str(film),
        PYTHONPATH=str(PYTHON),
    )
    story = json.loads(output)
    topic, upload = story.pop("topic"), story.pop("upload")
    assert story == {
        "stopped": True,
        "uploaded": [1, len(FILM), sha256(FILM)],
        "reported": len(FILM),
        "refused": "FORBIDDEN",
        "approved": [True, "APPROVED"],
        "downloaded": sha256(FILM),
        "users": USERS,
    }
    assert line.accepted - before >= 7  # five connections up and three down, at least
    kept = api.get(f"/api/uploads/{upload}", as_="mentor").json()["data"]
    assert (kept["topicId"], kept["result"]["id"], kept["length"]) == (topic, topic, len(FILM))
