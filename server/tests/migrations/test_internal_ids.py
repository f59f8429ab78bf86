"""Who assigned or removed a role is stored by our id, also where the release before writes."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.migrations.run import migrate
from akako.migrations.steps import SCRIPTS, revisions
from tests.parts.postgres import create_database, drop_database

USERS = """
insert into users (id, clerk_id, email, email_key, plan)
    values ('admin', 'user_a', 'a@example.com', 'a@example.com', 'FREE'),
           ('learner', 'user_l', null, null, 'FREE')
"""
ROLES = """
insert into user_roles (id, user_id, role, effective_start, effective_end, assigned_by, revoked_by)
    values ('{0}1', 'learner', 'MENTOR', '{1}-01-01', '{1}-02-01', 'user_a', 'user_a'),
           ('{0}2', 'learner', 'ADMIN', '{1}-01-01', '{1}-02-01', 'user_a', null),
           ('{0}3', 'learner', 'LEARNER', '{1}-01-01', '{1}-02-01', null, null),
           ('{0}4', 'admin', 'MENTOR', '{1}-01-01', '{1}-02-01', 'admin', 'user_unknown')
"""
EXPECTED = [("admin", "admin"), ("admin", None), (None, None), ("admin", "user_unknown")]


@pytest.fixture
def url(postgres: EmbeddedPostgres) -> Iterator[str]:
    url = create_database(postgres.url, "internal_ids")
    yield url
    drop_database(url)


def before(name: str) -> str:
    """Return the revision before the one whose file has this name."""
    (path,) = (SCRIPTS / "versions").glob(f"[0-9]*_{name}.py")
    known = revisions()
    return known[known.index(path.name.partition("_")[0]) - 1]


def stored(db: psycopg.Connection, prefix: str) -> list[tuple[str | None, str | None]]:
    sql = "select assigned_by, revoked_by from user_roles where id like %s order by id"
    return db.execute(sql, [f"{prefix}%"]).fetchall()


def test_clerk_ids_become_ours(url: str) -> None:
    migrate(url, before("verified_addresses_and_usernames"))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(USERS)
        db.execute(ROLES.format("old", 2020).encode())
        migrate(url)
        assert stored(db, "old") == EXPECTED
        # As a server of the release before does beside the new ones.
        db.execute(ROLES.format("new", 2021).encode())
        assert stored(db, "new") == EXPECTED
        db.execute("update user_roles set revoked_by = 'user_a' where id = 'new3'")
        assert stored(db, "new3") == [(None, "admin")]
        found = db.execute("select email, email_verified_at, username from users order by id")
        assert found.fetchall() == [("a@example.com", None, None), (None, None, None)]
