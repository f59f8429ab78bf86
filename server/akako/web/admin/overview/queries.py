"""SQL of the overview: everything but the figures of the analytics room, in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from akako.authority.decisions import NAME
from akako.kernel.db.database import Database
from akako.ops.health import FIGURES, Work

RECENT = 6
WEEKS = 8
WEEK = "interval '7 days'"
# Rows of each of the last 8 times 7 days, the oldest first.
COUNTED = f"""
array(select count(x.id)::int from generate_series({WEEKS - 1}, 0, -1) w
      left join {{table}} x on x.deleted_at is null
          and x.created_at > now() - (w + 1) * {WEEK} and x.created_at <= now() - w * {WEEK}
      group by w order by w desc)
"""
LEARNER = f"(select coalesce({NAME}, u.id) from users u where u.id = x.user_id)"
DECIDER = f"(select {NAME} from users u where u.id = x.decided_by)"
DECIDED = """
where x.decided_at is not null and x.status in ('APPROVED', 'REJECTED')
order by coalesce(x.decided_at, x.requested_at) desc, x.id desc limit {}
"""
DECISIONS = f"""
select coalesce(json_agg(json_build_array(d.queue, d.learner, d.subject, d.approved, d.at, d.by)
                         order by d.at desc), '[]')::text
from (
    (select 'requests' as queue, {LEARNER} as learner,
        (select s.name from subjects s where s.id = x.subject_id) as subject,
        x.status = 'APPROVED' as approved, x.decided_at as at, {DECIDER} as by
     from enrollments x {DECIDED.format(RECENT)})
    union all
    (select 'mentors', {LEARNER}, null, x.status = 'APPROVED', x.decided_at, {DECIDER}
     from mentor_applications x {DECIDED.format(RECENT)})
    order by at desc limit {RECENT}
) d
"""
FACTS = f"""
select {FIGURES},
    (select count(*) from enrollments where status = 'PENDING')::int,
    (select min(requested_at) from enrollments where status = 'PENDING'),
    (select count(*) from mentor_applications where status = 'PENDING')::int,
    (select min(requested_at) from mentor_applications where status = 'PENDING'),
    exists (select from education_levels where deleted_at is null),
    exists (select from users where deleted_at is null and id <> $1),
    exists (select from subjects where deleted_at is null and mentor_id is not null),
    exists (select from topics where deleted_at is null and is_active),
    {COUNTED.format(table="users")}, {COUNTED.format(table="topics")}, ({DECISIONS})
"""


class Waiting(NamedTuple):
    """How many requests wait, and since when the oldest one does."""

    number: int
    oldest: datetime | None


class SetUp(NamedTuple):
    """What a new school has already."""

    level: bool
    person: bool
    mentor: bool
    topic: bool


class Recent(NamedTuple):
    """A recent decision. `subject` is None for applications, `by` for deleted users."""

    queue: str
    learner: str
    subject: str | None
    approved: bool
    at: datetime
    by: str | None


class Facts(NamedTuple):
    """What the overview shows. `people` and `topics` are new ones per week, the oldest first."""

    work: Work
    requests: Waiting
    applications: Waiting
    set_up: SetUp
    people: list[int]
    topics: list[int]
    decisions: list[Recent]


_decisions = msgspec.json.Decoder(list[Recent])


async def read_facts(db: Database, user_id: str) -> Facts:
    """Return the facts of the overview. `user_id` is the administrator's."""
    row: Any = await db.fetchrow(FACTS, user_id)
    assert row is not None
    values = list(row.values())
    size = len(Work._fields)
    people, topics, decisions = values[size + 8 :]
    return Facts(
        work=Work(*values[:size]),
        requests=Waiting(*values[size : size + 2]),
        applications=Waiting(*values[size + 2 : size + 4]),
        set_up=SetUp(*values[size + 4 : size + 8]),
        people=people,
        topics=topics,
        decisions=_decisions.decode(decisions),
    )
