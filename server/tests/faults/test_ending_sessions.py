"""The end of a session comes before the check at commit, or after the commit."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest

from akako.authority import service as authority
from akako.backends.database.pool import Pool
from akako.kernel.core.access import ADMIN, Actor, requires
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ids import new_id
from tests.enrollment.school import wait_until_blocked
from tests.http import raw
from tests.identity.people import make_admin
from tests.library.school import count, refused
from tests.parts.server import Server
from tests.web.visitor import signed_in

LEVELS = "/api/admin/education/levels"
# How each kind of session ends: the statement of the webhook, and that of signing out.
ENDS = {
    "provider": "insert into ended_sessions (session_id) values (%s)",
    "web app": "delete from web_sessions where public_id = %s",
}


@pytest.fixture
def admin(api: Server) -> tuple[str, str]:
    """The Clerk id and our id of another administrator."""
    return make_admin(api, f"ending{new_id()}")


def start(api: Server, kind: str, user_id: str) -> str:
    """Return the id of a session of this kind."""
    session = f"sess_{new_id()}" if kind == "provider" else f"web_{new_id()}"
    if kind == "web app":
        api.execute(
            "insert into web_sessions (id_hash, public_id, user_id, form_token, user_agent)"
            " values (sha256(%s::bytea), %s, %s, '', '')",
            session.encode(),
            session,
            user_id,
        )
    return session


@pytest.mark.parametrize("kind", ENDS)
def test_an_end_that_began_first_is_waited_for(
    api: Server, admin: tuple[str, str], kind: str
) -> None:
    clerk_id, user_id = admin
    session, name = start(api, kind, user_id), f"Level {new_id()}"
    api._tokens[clerk_id] = api.token(clerk_id, sid=session)
    with ThreadPoolExecutor(1) as thread, psycopg.connect(api.database_url or "") as ending:
        ending.execute(ENDS[kind].encode(), (session,))
        answer = thread.submit(lambda: api.post(LEVELS, as_=clerk_id, json={"name": name}))
        wait_until_blocked(api, 1)
        ending.commit()
        assert refused(answer.result(), 401, "UNAUTHORIZED")["reason"] == "invalid"
    assert count(api, "select count(*) from education_levels where name = %s", name) == 0


@pytest.fixture
async def db(api: Server) -> AsyncIterator[Pool]:
    pool = Pool(api.database_url or "", size=3)
    yield pool
    await pool.close()


@pytest.mark.parametrize("kind", ENDS)
async def test_an_end_waits_for_the_commit_that_relies_on_the_session(
    api: Server, db: Pool, admin: tuple[str, str], kind: str
) -> None:
    clerk_id, user_id = admin
    session = start(api, kind, user_id)
    actor = Actor(user_id=user_id, clerk_id=clerk_id, roles=(ADMIN,), session_id=session)
    statement = ENDS[kind].replace("%s", "$1")

    async def end() -> None:
        async with db.transaction() as tx:
            await tx.execute("set local lock_timeout = '100ms'")
            await tx.execute(statement, session)

    async with db.transaction() as tx:
        await authority.confirm(tx, actor, requires(ADMIN))
        async with db.transaction() as another:
            await authority.confirm(another, actor, requires(ADMIN))  # the lock is shared
        with pytest.raises(ServiceUnavailable):
            await end()
    await end()
    assert count(api, "select count(*) from ended_sessions where session_id = %s", session) == 1


def test_signing_out_while_a_body_arrives(api: Server, admin: tuple[str, str]) -> None:
    visitor = signed_in(api, admin[0])
    token = visitor.client.post("/session/token", headers={"Origin": api.url}).json()["token"]
    name = f"Level {new_id()}"
    body = b'{"name": "%s"}' % name.encode()
    lines = [
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    with raw.connection(api) as connected:
        connected.send(raw.head(LEVELS, *lines, method="POST") + body[:5])
        # The server identifies the caller, then waits for the body.
        time.sleep(0.5)
        assert visitor.submit("/sign-out").status_code == 303
        connected.send(body[5:])
        answer: httpx2.Response = connected.receive()
    assert refused(answer, 401, "UNAUTHORIZED")["reason"] == "invalid"
    assert count(api, "select count(*) from education_levels where name = %s", name) == 0
