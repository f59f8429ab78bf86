"""Two servers on one database whose clocks are wrong by five minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from akako.backends.dev_directory import DevDirectory
from akako.dev.fake_clerk import sign_webhook
from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.attempts import SECRET, WEBHOOK
from tests.library.school import add_topic, upload, uploaded
from tests.parts.patience import VALKEY, altered
from tests.parts.server import Server
from tests.parts.valkey import start_valkey

SKEW = 300


@pytest.fixture(scope="module")
def nodes(
    start_server: StartServer,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Server, Server]]:
    """One that is ahead and one that is behind; both trust the same issuer."""
    url, folder = new_database(), tmp_path_factory.mktemp("node")
    valkey = start_valkey(tmp_path_factory.mktemp("valkey"))
    common = {
        "AKAKO_CLERK_WEBHOOK_SECRETS": SECRET,
        "AKAKO_REDIS_URL": valkey.url,
        "AKAKO_RATE_LIMIT_AUTH": "20/60",
        # A reply of Valkey that is late would be replaced by a count of the server's own.
        **altered(VALKEY),
    }
    ahead, behind = (
        start_server({**common, "CLOCK_IS_AHEAD_BY": str(seconds)}, database_url=url, folder=folder)
        for seconds in (SKEW, -SKEW)
    )
    yield ahead, behind
    valkey.stop()


def at_any_time(api: Server, who: str) -> dict[str, str]:
    """A token that is good by both clocks, as none of Clerk's is."""
    issued = int(time.time()) - 2 * SKEW
    token = api.token(who, iat=issued, nbf=issued)
    return {"Authorization": f"Bearer {token}"}


def test_a_fresh_token_is_refused_by_the_clock_behind(nodes: tuple[Server, Server]) -> None:
    """The clocks are wrong, and no token is accepted because of that."""
    ahead, behind = nodes
    short = {"Authorization": f"Bearer {ahead.token('admin', ttl_seconds=60)}"}
    assert ahead.get("/api/auth/profile", headers=short).status_code == 401
    assert behind.get("/api/auth/profile", headers=short).status_code == 401


def test_what_one_decides_holds_at_once_for_the_other(nodes: tuple[Server, Server]) -> None:
    """Roles, decisions and the order of things follow the database's clock, not the nodes'."""
    ahead, behind = nodes
    admin = at_any_time(ahead, "admin")
    topic = add_topic(ahead, mentor=None)
    for first, second in ((ahead, behind), (behind, ahead)):
        user_id = _new_learner(first, f"u{first.port}")
        path = f"/api/users/{user_id}/roles"
        granted = first.post(path, headers=admin, json={"role": "MENTOR"})
        assert granted.status_code == 201, granted.text
        seen = second.get(f"/api/users/{user_id}", headers=admin).json()["data"]
        assert "MENTOR" in seen["roles"]
        assert second.delete(f"{path}?role=MENTOR", headers=admin).status_code == 200
        seen = first.get(f"/api/users/{user_id}", headers=admin).json()["data"]
        assert "MENTOR" not in seen["roles"]
        document = uploaded(upload(first, topic, as_=None, headers=admin))
        assert second.get(document["url"], headers=admin).status_code == 200
    invariants.check(ahead)


def _new_learner(api: Server, name: str) -> str:
    DevDirectory(api.folder).add(f"user_{name}")
    answer = api.get("/api/auth/profile", headers=at_any_time(api, f"user_{name}"))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["id"])


def test_limits_are_counted_by_one_clock(nodes: tuple[Server, Server]) -> None:
    """Both count in one window; Retry-After is right although the clocks differ."""
    path = "/api/auth/quota"
    answers = [node.get(path) for _ in range(20) for node in nodes]
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(429) >= 20
    for answer in answers:
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 61


def test_a_message_is_refused_where_it_seems_old_and_taken_where_not(
    nodes: tuple[Server, Server],
) -> None:
    """Five minutes are allowed both ways; what is refused is sent again."""
    ahead, behind = nodes
    data = {"id": "user_skewed", "email_addresses": [], "updated_at": 1}
    body = json.dumps({"type": "user.created", "data": data}).encode()
    kind = {"Content-Type": "application/json"}
    late = sign_webhook(body, SECRET, "msg_skewed", int(time.time()) - 60)
    assert ahead.post(WEBHOOK, content=body, headers=kind | late).status_code == 401
    assert behind.post(WEBHOOK, content=body, headers=kind | late).status_code == 200
    again = behind.post(WEBHOOK, content=body, headers=kind | late).json()["data"]
    assert again["duplicate"] is True
    invariants.check(behind)
