"""SQL of the pages of mentors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from akako.kernel.db.database import Database

ACTIVE_DAYS = 28


class Activity(msgspec.Struct, frozen=True):
    """The latest activity of a learner in a subject."""

    subject_id: str
    learner: str | None
    topic: str
    at: datetime


# The index topic_progress_active limits the rows to those of the last days.
RECENT = f"""
select s.id as subject_id, recent.learner, recent.topic, recent.at
from unnest($1::text[]) as s (id) cross join lateral (
    select distinct on (p.user_id) p.user_id, t.name as topic, p.updated_at as at,
        coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username) as learner
    from topics t
    join topic_progress p on p.topic_id = t.id
        and p.active_on > (now() at time zone 'utc')::date - {ACTIVE_DAYS}
    join enrollments e on e.user_id = p.user_id and e.subject_id = s.id and e.status = 'APPROVED'
    join users u on u.id = p.user_id and u.deleted_at is null
    where t.subject_id = s.id and t.deleted_at is null and t.is_active
    order by p.user_id, p.updated_at desc
) recent
order by recent.at desc
"""


async def list_recent(
    db: Database, subject_ids: Sequence[str], *, most: int
) -> dict[str, list[Activity]]:
    """Return the latest activities by subject, the newest first, at most `most` per subject.

    Each learner of a subject appears once, with the topic of the latest activity.
    """
    sql = f"""
    select * from (
        select r.*, row_number() over (partition by r.subject_id order by r.at desc) as place
        from ({RECENT}) r
    ) ranked where place <= $2 order by subject_id, place
    """
    found: dict[str, list[Activity]] = {}
    for row in await db.fetch(sql, list(subject_ids), most):
        activity = Activity(row["subject_id"], row["learner"], row["topic"], row["at"])
        found.setdefault(activity.subject_id, []).append(activity)
    return found
