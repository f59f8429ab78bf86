"""SQL about a learner's requests. A decision is shown when it can no longer be undone."""

from __future__ import annotations

from datetime import datetime

import msgspec

from akako.authority.decisions import REOPEN_SECONDS
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where
from akako.visibility.tree import SUBJECT, bind, visible

RECENT_ANSWERS = 5
HISTORY = 100
# Whether the decision about `e` can still be undone. Until then the request counts as pending.
UNDO = f"""
cross join lateral (select coalesce(
    e.status in ('APPROVED', 'REJECTED')
    and e.decided_at > now() - interval '{REOPEN_SECONDS} seconds', false) as hidden) undo
"""
STATUS = "case when hidden then 'PENDING' else e.status end"
SHOWN = f"""
{STATUS} as status,
case when not hidden then e.decided_at end as decided_at,
case when not hidden then e.decision_reason end as reason
"""
# The median of the last decisions in hours; null where there is none.
ANSWERED_WITHIN = """
(select percentile_cont(0.5) within group (order by extract(epoch from d.decided_at
        - d.requested_at)) / 3600
 from (select decided_at, requested_at from enrollments
       where decided_at is not null and status in ('APPROVED', 'REJECTED')
       order by coalesce(decided_at, requested_at) desc, id desc limit 200) d)::float8
"""


class Place(msgspec.Struct, kw_only=True):
    """The grade of a subject, and the latest request of one user for the subject."""

    grade: str
    id: str | None  # of the request
    status: str | None
    requested_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    answered_within: float | None  # hours; the median of the school, for a pending request


class Request(msgspec.Struct, kw_only=True):
    """An enrollment request with the names of its subject and grade."""

    id: str
    status: str
    subject_id: str
    subject: str
    grade: str
    requested_at: datetime
    decided_at: datetime | None
    reason: str | None
    answered_within: float | None = None  # hours; see `Place`


class Asked(Request, kw_only=True):
    """A request in the history, with the learner's message."""

    message: str | None
    visible: bool  # whether the subject is still offered
    latest: bool  # whether the learner sent no later request for the subject


async def find_place(db: Database, user_id: str | None, subject_id: str) -> Place:
    """Return the grade of an existing subject and the user's latest request for it."""
    sql = f"""
    select g.name as grade, e.*, case when e.status = 'PENDING' then {ANSWERED_WITHIN} end
        as answered_within
    from subjects s join grades g on g.id = s.grade_id
    left join lateral (select e.id, e.requested_at, {SHOWN} from enrollments e {UNDO}
        where e.subject_id = s.id and e.user_id = $1
        order by e.requested_at desc, e.id desc limit 1) e on true
    where s.id = $2
    """
    row = await db.fetchrow(sql, user_id, subject_id)
    if row is None:
        raise NotFound("subject", subject_id)
    return Place(**row)


async def list_statuses(db: Database, user_id: str, grade_id: str) -> dict[str, str]:
    """Return the status of the user's latest request for each subject of a grade, by subject."""
    sql = f"""
    select distinct on (e.subject_id) e.subject_id, {STATUS} as status
    from enrollments e join subjects s on s.id = e.subject_id {UNDO}
    where e.user_id = $1 and s.grade_id = $2
    order by e.subject_id, e.requested_at desc, e.id desc
    """
    return dict(await db.fetch(sql, user_id, grade_id))


async def list_requests(db: Database, user_id: str) -> list[Request]:
    """Return all pending requests and the last decided ones, newest first."""
    sql = f"""
    select e.id, e.subject_id, s.name as subject, g.name as grade, e.requested_at, {SHOWN},
           case when e.status = 'PENDING' then {ANSWERED_WITHIN} end as answered_within
    from enrollments e join {SUBJECT.source} on s.id = e.subject_id {UNDO}
    where e.user_id = $1 and {SUBJECT.present}
      and (e.status = 'PENDING' or e.status in ('APPROVED', 'REJECTED')
           and e.decided_at > now() - interval '14 days')
    order by coalesce(e.decided_at, e.requested_at) desc, e.id limit 50
    """
    rows = await db.fetch(sql, user_id)
    return [Request(**row) for row in rows]


async def list_history(db: Database, actor: Actor) -> list[Asked]:
    """Return the caller's latest requests in every state, newest first.

    Names of subjects that the caller may not see are empty.
    """
    where = Where()
    seen = f"{SUBJECT.present} and {visible(where, SUBJECT, actor, inactive=False)}"
    me = bind(where, actor.user_id)
    sql = f"""
    select e.id, e.subject_id, e.requested_at, e.message, {SHOWN}, seen.visible,
           case when seen.visible then s.name else '' end as subject,
           case when seen.visible then g.name else '' end as grade,
           e.id = first_value(e.id) over (partition by e.subject_id
               order by e.requested_at desc, e.id desc) as latest
    from enrollments e join {SUBJECT.source} on s.id = e.subject_id {UNDO}
    cross join lateral (select ({seen}) is true as visible) seen
    where e.user_id = {me} order by e.requested_at desc, e.id desc limit {HISTORY}
    """
    return [Asked(**row) for row in await db.fetch(sql, *where.values)]
