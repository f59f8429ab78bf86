"""SQL of the queues that no endpoint needs."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec
from markupsafe import Markup

from akako.authority.decisions import NAME
from akako.kernel.db.database import Database

MAX_SUBJECTS = 500
# One value, because the options that are made of it are cached by it: 500 options take 3 ms.
SUBJECTS = f"""
select coalesce(json_agg(json_build_array(c.id, c.name, c.grade_id, c.grade_name)), '[]')::text
from (
    select s.id, s.name, g.id as grade_id, g.name as grade_name
    from subjects s join grades g on g.id = s.grade_id join education_levels l on l.id = g.level_id
    where s.deleted_at is null and g.deleted_at is null and l.deleted_at is null
    order by l.sort_key, l.id, g.sort_key, g.id, s.sort_key, s.id
    limit {MAX_SUBJECTS}
) c
"""
GROUP, CHOICE = (
    Markup('<optgroup label="{}">{}</optgroup>'),
    Markup('<option value="{}">{}</option>'),
)
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


class Choices(NamedTuple):
    """The subjects by id, and the grades and subjects as options of the filters."""

    known: dict[str, Subject]
    grades: Markup
    subjects: Markup


_subjects = msgspec.json.Decoder(list[Subject])


async def read_choices(db: Database) -> Choices:
    """Return the first subjects of the school in the order of the curriculum."""
    return _choices(await db.fetchval(SUBJECTS))


@lru_cache(4)
def _choices(listed: str) -> Choices:
    known = {each.id: each for each in _subjects.decode(listed)}
    groups: dict[str, list[Subject]] = {}
    for each in known.values():
        groups.setdefault(each.grade_id, []).append(each)
    grades = [(id, group[0].grade_name, group) for id, group in groups.items()]
    return Choices(
        known,
        Markup().join(CHOICE.format(id, name) for id, name, _ in grades),
        Markup().join(
            GROUP.format(name, Markup().join(CHOICE.format(each.id, each.name) for each in group))
            for _, name, group in grades
        ),
    )


def chosen(options: Markup, value: str) -> Markup:
    """Return options of which the one with a value is selected."""
    unselected = Markup('<option value="{}">').format(value)
    return options.replace(unselected, Markup('<option value="{}" selected>').format(value))


async def describe(db: Database, sql: str, ids: list[str]) -> dict[str, About]:
    """Return what sentences say about requests, by their ids.

    Args:
        sql: REQUESTS or APPLICATIONS.
    """
    return {id: About(*rest) for id, *rest in await db.fetch(sql, ids)}
