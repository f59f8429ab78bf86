"""SQL of the queues that no endpoint needs."""

from __future__ import annotations

from typing import NamedTuple

from akako.authority.decisions import NAME
from akako.kernel.db.database import Database

MAX_SUBJECTS = 500
SUBJECTS = f"""
select s.id, s.name, g.id as grade_id, g.name as grade_name
from subjects s join grades g on g.id = s.grade_id join education_levels l on l.id = g.level_id
where s.deleted_at is null and g.deleted_at is null and l.deleted_at is null
order by l.sort_key, l.id, g.sort_key, g.id, s.sort_key, s.id
limit {MAX_SUBJECTS}
"""
GIVEN = f"coalesce(u.first_name, {NAME}, u.id)"
REQUESTS = f"""
select e.id, {GIVEN}, coalesce({NAME}, u.id), s.name
from enrollments e join users u on u.id = e.user_id join subjects s on s.id = e.subject_id
where e.id = any($1)
"""
APPLICATIONS = f"""
select a.id, {GIVEN}, coalesce({NAME}, u.id), ''
from mentor_applications a join users u on u.id = a.user_id where a.id = any($1)
"""


class Subject(NamedTuple):
    """A subject and its grade, as choices of a filter."""

    id: str
    name: str
    grade_id: str
    grade_name: str


class About(NamedTuple):
    """The learner and the subject of a request. An application has no subject."""

    given: str
    learner: str
    subject: str


async def list_subjects(db: Database) -> list[Subject]:
    """Return the first subjects of the school in the order of the curriculum."""
    return [Subject(*row) for row in await db.fetch(SUBJECTS)]


def by_grade(subjects: list[Subject]) -> list[tuple[str, str, list[Subject]]]:
    """Return id and name of each grade with its subjects, in their order."""
    groups: dict[str, tuple[str, str, list[Subject]]] = {}
    for each in subjects:
        group = groups.setdefault(each.grade_id, (each.grade_id, each.grade_name, []))
        group[2].append(each)
    return list(groups.values())


async def describe(db: Database, sql: str, ids: list[str]) -> dict[str, About]:
    """Return what sentences say about requests, by their ids.

    Args:
        sql: REQUESTS or APPLICATIONS.
    """
    return {id: About(*rest) for id, *rest in await db.fetch(sql, ids)}
