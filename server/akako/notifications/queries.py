"""SQL about notifications."""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg

from akako.identity.queries import EFFECTIVE
from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Flag, Sort, Spec
from akako.kernel.db.pages import Where
from akako.notifications import texts
from akako.notifications.schemas import Notification
from akako.visibility.tree import SUBJECT, TOPIC

OWN = Spec(
    sorts={"createdAt": Sort("n.created_at")},
    default="createdAt",
    descending=True,
    filters={"unread": Flag()},
    identity="n.id",
)
SHOWN = "n.created_at <= now()"
# A row with such a merge key takes in later events only until it is read.
UNREAD = "unread:"

KEPT_DAYS = 90
BATCH = 1_000

# Names are read with the notification, so that they are current, and empty where the reader may no
# longer know them: of learners, for others than the subject's mentor; of what is hidden.
COLUMNS = f"""
n.id, n.type, n.data, n.read_at is not null as read, n.created_at,
(select s.name from {SUBJECT.source}
 where s.id = n.data->>'subjectId' and {SUBJECT.present}
   and ({SUBJECT.active} or s.mentor_id = n.user_id)) as subject_name,
(select t.name from {TOPIC.source}
 where t.id = n.data->>'topicId' and {TOPIC.present}
   and ({TOPIC.active} or s.mentor_id = n.user_id)) as topic_name,
(select coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username) from users u
 where u.id = n.data->>'learnerId' and u.deleted_at is null
   and exists (select from {SUBJECT.source}
               where s.id = n.data->>'subjectId' and s.mentor_id = n.user_id)) as learner_name,
(select coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username) from users u
 where u.id = n.data->>'mentorId' and u.deleted_at is null) as mentor_name
"""


def _notification(row: asyncpg.Record, say: texts.Say = texts.english) -> Notification:
    shown = texts.written(
        row["type"],
        texts.Facts(
            data=row["data"],
            subject=row["subject_name"],
            topic=row["topic_name"],
            learner=row["learner_name"],
            mentor=row["mentor_name"],
        ),
        say,
    )
    return Notification(
        id=row["id"],
        type=row["type"],
        title=shown.title,
        body=shown.body,
        link=shown.link,
        data=row["data"],
        read=row["read"],
        created_at=row["created_at"],
    )


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the user's notifications, for the export of personal data."""
    sql = f"""
    select {COLUMNS} from notifications n where n.user_id = $1 and {SHOWN}
    order by n.created_at, n.id
    """
    return {"notifications": [_notification(row) for row in await db.fetch(sql, user_id)]}


async def list_of_user(
    db: Database, user_id: str, request: listing.Request, *, say: texts.Say = texts.english
) -> Listed[Notification]:
    """Return a page of a user's notifications, in the language of `say`."""
    where = Where()
    where.add("n.user_id = {}", user_id)
    where.add(SHOWN)
    if request["unread"] is not None:
        where.add(f"n.read_at is {'' if request['unread'] else 'not '}null")
    return await pages.fetch(
        db,
        OWN,
        request,
        source="notifications n",
        columns=COLUMNS,
        where=where,
        build=partial(_notification, say=say),
    )


async def count_unread(db: Database, user_id: str) -> int:
    sql = f"""
    select count(*) from notifications n
    where n.user_id = $1 and n.read_at is null and {SHOWN}
    """
    return int(await db.fetchval(sql, user_id))


MARKED = f"""
read_at = now(), merge_key = case when merge_key like '{UNREAD}%' then null else merge_key end
"""


async def mark_read(tx: Database, user_id: str, notification_id: str) -> Notification | None:
    """Mark a notification as read; return None if the user sees none with this id."""
    await tx.execute(
        f"""
        update notifications n set {MARKED}
        where n.id = $1 and n.user_id = $2 and n.read_at is null and {SHOWN}
        """,
        notification_id,
        user_id,
    )
    sql = f"select {COLUMNS} from notifications n where n.id = $1 and n.user_id = $2 and {SHOWN}"
    row = await tx.fetchrow(sql, notification_id, user_id)
    return _notification(row) if row else None


async def mark_all_read(tx: Database, user_id: str) -> int:
    """Mark all that the user sees as read; return how many were unread."""
    done = await tx.execute(
        f"update notifications n set {MARKED} where user_id = $1 and read_at is null and {SHOWN}",
        user_id,
    )
    return int(done.split()[-1])


async def insert(
    tx: Database,
    user_id: str,
    type: str,
    data: dict[str, Any],
    *,
    after_seconds: float,
    about: str | None,
) -> None:
    await tx.execute(
        """
        insert into notifications (id, user_id, type, data, about, created_at)
        select $1, id, $3, $4, $5, now() + make_interval(secs => $6) from users
        where id = $2 and deleted_at is null
        """,
        new_id(),
        user_id,
        type,
        data,
        about,
        after_seconds,
    )


INSERT_FOR_ADMINS = f"""
insert into notifications as n (id, user_id, type, data, merge_key)
select md5($1 || u.id), u.id, $2, $3::jsonb || '{{"count": 1}}', $4 from users u
where u.status = 'ACTIVE' and u.deleted_at is null
  and u.id in (select r.user_id from user_roles r where r.role = 'ADMIN' and {EFFECTIVE})
order by u.id  -- prevents deadlocks
on conflict (user_id, merge_key) where merge_key is not null do update
set created_at = greatest(n.created_at, excluded.created_at),
    data = excluded.data || jsonb_build_object('count', (n.data->>'count')::integer + 1)
"""


async def insert_for_admins(tx: Database, type: str, data: dict[str, Any], merge_key: str) -> None:
    """Insert one row for each administrator, or count the event in the unread row."""
    await tx.execute(INSERT_FOR_ADMINS, new_id(), type, data, merge_key)


async def delete_about(tx: Database, user_id: str, about: str) -> None:
    sql = "delete from notifications where user_id = $1 and about = $2"
    await tx.execute(sql, user_id, about)


async def delete_in_subject(tx: Database, user_id: str, type: str, subject_id: str) -> None:
    sql = """
    delete from notifications where user_id = $1 and type = $2 and data->>'subjectId' = $3
    """
    await tx.execute(sql, user_id, type, subject_id)


async def record_publication(
    tx: Database, publication_id: str, subject_id: str, topic_id: str
) -> None:
    sql = "insert into topic_publications (id, subject_id, topic_id) values ($1, $2, $3)"
    await tx.execute(sql, publication_id, subject_id, topic_id)


EXPIRE = """
delete from notifications where id in (
    select id from notifications where created_at < now() - make_interval(days => $1) limit $2
)
"""
EXPIRE_PUBLICATIONS = """
delete from topic_publications
where announced_at < now() - interval '1 day' and published_at < now() - interval '1 day'
"""
# A notification can be committed while its user is being deleted.
OF_DELETED_USERS = """
delete from notifications where user_id in (
    select id from users where deleted_at > now() - interval '2 days'
)
"""


async def delete_expired(db: Database) -> None:
    """Delete old notifications in batches, and those of users who were just deleted."""
    while await db.execute(EXPIRE, KEPT_DAYS, BATCH) == f"DELETE {BATCH}":
        pass
    await db.execute(OF_DELETED_USERS)
    await db.execute(EXPIRE_PUBLICATIONS)
