"""The demonstration school."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from akako.backends.database.pool import Pool
from akako.backends.dev_directory import DevDirectory
from akako.identity import accounts, roles
from akako.kernel.core.access import Actor, Policy
from akako.ops import development
from akako.ops.demo import seed_school


@pytest.fixture
async def db(new_database: Callable[[], str]) -> AsyncIterator[Pool]:
    pool = Pool(new_database(), size=4)
    yield pool
    await pool.close()


async def staff(db: Pool, folder: Path) -> tuple[Actor, str]:
    ids = await development.seed_staff(db, DevDirectory(folder))
    return await development.actor_of(db, development.ADMIN_ID), ids[development.MENTOR_ID]


TREE = """
select l.name, g.name, s.name, t.name, s.mentor_id
from topics t join subjects s on s.id = t.subject_id join grades g on g.id = s.grade_id
join education_levels l on l.id = g.level_id order by t.created_at, t.id
"""


async def test_it_has_two_levels_and_a_subject_of_the_mentor(db: Pool, tmp_path: Path) -> None:
    admin, mentor_id = await staff(db, tmp_path)
    assert await seed_school(db, admin, mentor_id) is True
    tree = [tuple(row) for row in await db.fetch(TREE)]
    assert tree[0] == ("Primary Education", "Grade 1", "Mathematics", "Addition", mentor_id)
    assert len({level for level, *_ in tree}) == 2
    assert len(tree) == 4
    audited = await db.fetchval(
        "select count(*) from audit_log where actor_clerk_id = 'user_admin'"
    )
    assert audited == 2 + 2 + 3 + 4


async def test_it_is_made_once_even_by_several_at_a_time(db: Pool, tmp_path: Path) -> None:
    admin, mentor_id = await staff(db, tmp_path)
    made = await asyncio.gather(*(seed_school(db, admin, mentor_id) for _ in range(4)))
    assert sorted(made) == [False, False, False, True]


async def test_a_school_that_was_deleted_stays_deleted(db: Pool, tmp_path: Path) -> None:
    admin, mentor_id = await staff(db, tmp_path)
    await seed_school(db, admin, mentor_id)
    await db.execute("update education_levels set deleted_at = now()")
    assert await seed_school(db, admin, mentor_id) is False


async def test_who_signed_in_before_the_seeding_gets_role_and_plan(
    db: Pool, tmp_path: Path
) -> None:
    person = await DevDirectory(tmp_path).get_user(development.ADMIN_ID)
    assert person is not None
    await accounts.merge(db, person, Policy())
    admin, _ = await staff(db, tmp_path)
    assert (admin.has("ADMIN"), admin.plan) == (True, "ENTERPRISE")


async def test_a_role_that_was_taken_away_is_not_seeded_again(db: Pool, tmp_path: Path) -> None:
    admin, mentor_id = await staff(db, tmp_path)
    assert await roles.close_window(db, mentor_id, "MENTOR", revoked_by=admin.clerk_id)
    await staff(db, tmp_path)
    assert not await roles.holds(db, mentor_id, "MENTOR")
