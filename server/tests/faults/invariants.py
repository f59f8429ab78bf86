"""What must be true of a school after any fault, looked up behind the API's back.

`check` is called when the server runs again, or has stopped. It sweeps first, as the server itself
does once an hour, because leftovers of a crash are allowed until then.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.ports import ObjectStore
from akako.plans.meter import LEASE
from akako.storage.queries import WAITING
from tests.library.school import count, eventually, pending, sweep, unfinished
from tests.parts.server import Server

Connection = psycopg.Connection[tuple[Any, ...]]

FILES = """
select storage_key as key, sha256, size from documents where status = 'ACTIVE'
union all select video_key, video_sha256, video_size from topics where video_key is not null
"""

# Each finds what must not exist. `now()` is the same for all rows that one transaction writes, so
# equal times prove that two of them were written together.
BROKEN = {
    "a file without an audit entry of its upload": """
        select d.id from documents d where not exists (
            select from audit_log a where a.action = 'document.uploaded'
            and a.resource_id = d.id and a.at = d.created_at and a.actor_user_id = d.uploaded_by)
        union all
        select t.id from topics t where t.video_key is not null and not exists (
            select from audit_log a where a.action = 'video.uploaded'
            and a.resource_id = t.id and a.at = t.video_updated_at)
        """,
    "a topic that miscounts its documents": """
        select t.id from topics t where t.document_count <> (
            select count(*) from documents d where d.topic_id = t.id and d.status = 'ACTIVE')
        """,
    "a role without its decision": """
        select r.id from user_roles r where r.assigned_by is not null and not exists (
            select from audit_log a where a.action = 'user_role.assigned'
            and a.resource_id = r.user_id and a.at = r.created_at
            and a.actor_user_id = r.assigned_by and a.after ->> 'role' = r.role)
        """,
    "a role revoked by an unknown user": """
        select r.id from user_roles r where r.revoked_by is not null and not exists (
            select from audit_log a where a.action = 'user_role.removed'
            and a.resource_id = r.user_id and a.actor_user_id = r.revoked_by
            and a.at = greatest(r.effective_end, a.at))
        """,
    "an approved application without its role": """
        select m.id from mentor_applications m where m.status = 'APPROVED' and not exists (
            select from user_roles r where r.user_id = m.user_id and r.role = 'MENTOR'
            and r.effective_start <= m.decided_at)
        """,
    "a decision without its record": """
        select id from enrollments e where status in ('APPROVED', 'REJECTED') and not exists (
            select from audit_log a where a.action = 'enrollment.' || lower(e.status)
            and a.resource_id = e.id and a.at = e.decided_at and a.actor_user_id = e.decided_by)
        union all
        select id from mentor_applications m where status <> 'PENDING' and not exists (
            select from audit_log a where a.action = 'mentor_application.' || lower(m.status)
            and a.resource_id = m.id and a.at = m.decided_at and a.actor_user_id = m.decided_by)
        """,
    "a record of a decision that was not made": """
        select a.resource_id from audit_log a where a.action = 'enrollment.approved'
        and not exists (select from enrollments e where e.id = a.resource_id
            and (e.decided_at >= a.at or e.status in ('PENDING', 'CANCELLED')))
        union all
        select a.resource_id from audit_log a where a.action = 'mentor_application.approved'
        and not exists (select from mentor_applications m where m.id = a.resource_id
            and m.status = 'APPROVED' and m.decided_at = a.at)
        """,
    "an audited action without its event": """
        select a.id::text from audit_log a where a.action in (
            'document.uploaded', 'document.deleted', 'document.restored', 'video.uploaded',
            'video.deleted',
            'enrollment.requested', 'enrollment.approved', 'enrollment.rejected',
            'mentor_application.requested', 'mentor_application.approved', 'user_role.assigned')
        and not exists (select from outbox o where o.type = a.action and o.created_at = a.at)
        """,
    "a notification of another decision than the present one": """
        select n.id from notifications n join enrollments e on e.id = n.about
        where n.type like 'enrollment.%' and n.type <> 'enrollment.' || lower(e.status)
            and e.status <> 'CANCELLED'
        """,
    "a completion without its event": """
        select p.topic_id from topic_progress p where p.first_completed_at is not null
        and not exists (select from outbox o where o.type = 'topic.completed'
            and o.data ->> 'userId' = p.user_id and o.data ->> 'topicId' = p.topic_id)
        """,
    "a message that was half applied": """
        select message_id from webhook_messages w where type is null and outcome <> 'dead'
        union all
        select message_id from webhook_messages w where (outcome = 'dead') <> exists (
            select from webhook_dead_letters d where d.message_id = w.message_id)
        """,
    "an account without a role": """
        select u.id from users u join outbox o
        on o.type = 'user.created' and o.data ->> 'userId' = u.id
        where not exists (select from user_roles r where r.user_id = u.id and r.role = 'LEARNER'
            and r.created_at = u.created_at)
        """,
    "a finished upload without its result": """
        select r.id from resumable_uploads r where r.result_id is not null and r.kind = 'document'
        and not exists (select from documents d where d.id = r.result_id)
        """,
    "uploads that were counted wrongly": """
        select coalesce(c.subject, s.subject) from (
            select 'user:' || actor_user_id as subject, count(*) as stored from audit_log
            where action in ('document.uploaded', 'video.uploaded') group by 1
        ) s full join (select * from usage_counters where kind = 'file_uploads') c
        on c.subject = s.subject where coalesce(c.used, 0) <> coalesce(s.stored, 0)
        """,
    "a school without an administrator": """
        select 'none' where not exists (
            select from user_roles r join users u on u.id = r.user_id
            where r.role = 'ADMIN' and r.effective_end is null
            and u.status = 'ACTIVE' and u.deleted_at is null)
        """,
}


def check(
    api: Server,
    store: ObjectStore | None = None,
    *,
    calls: Mapping[str, int] | None = None,
    deaths: int = 0,
    later: bool = False,
) -> None:
    """Raise AssertionError with all that is broken.

    `store`: where the files are, if not in the server's folder. `calls`: our user ids and how many
    answered calls of theirs count; `deaths` of a process may each have cost them a lease. `later`:
    as if some minutes had passed, for which an upload whose process lives may still be under way.
    """
    store = store or FolderStore(api.folder / "files")
    if later:
        with api.db() as db:
            db.execute("update pending_objects set alive_at = now() - interval '1 hour'")
    # The database needs a moment to see that a killed process is gone.
    eventually(lambda: (sweep(api, store), pending(api))[1] == 0)
    found = violations(api, store)
    for user_id, made in (calls or {}).items():
        used = calls_counted(api, user_id)
        if not made <= used <= made + LEASE * (deaths + 1):
            found.append(f"calls that were counted wrongly: {used} instead of {made}")
    assert found == [], found


def violations(api: Server, store: ObjectStore) -> list[str]:
    """What is broken, in words."""
    with api.db() as db:
        found = violations_in(db, store)
    if isinstance(store, FolderStore) and unfinished(api):
        found.append("a file whose upload has ended incomplete")
    return found


def violations_in(db: Connection, store: ObjectStore) -> list[str]:
    """What is broken as one connection sees it."""
    found = [f"{what}: {row[0]}" for what, sql in BROKEN.items() for row in db.execute(sql)]
    stored = contents(store)
    known = {key: (sha256, size) for key, sha256, size in db.execute(FILES)}
    found += [f"a file without its object: {key}" for key in known.keys() - stored.keys()]
    found += [f"an object without its row: {key}" for key in stored.keys() - known.keys()]
    found += [
        f"an object that is not what its row says: {key}"
        for key in known.keys() & stored.keys()
        if known[key] != stored[key]
    ]
    if db.execute(WAITING.encode()).fetchall():
        found.append("an object that was given up and not removed")
    return found


def contents(store: ObjectStore) -> dict[str, tuple[str, int]]:
    """Key → (sha256, size) of every object."""

    async def read(key: str, size: int) -> str:
        digest = hashlib.sha256()
        async for chunk in store.read(key, 0, size):
            digest.update(chunk)
        return digest.hexdigest()

    async def run() -> dict[str, tuple[str, int]]:
        listed = [each async for each in store.list()]
        return {each.key: (await read(each.key, each.size), each.size) for each in listed}

    with ThreadPoolExecutor(1) as thread:  # the caller may have a loop of its own
        return thread.submit(asyncio.run, run()).result()


def calls_counted(api: Server, user_id: str) -> int:
    sql = "select coalesce(sum(used), 0) from usage_counters where kind = 'api_calls' and "
    return count(api, sql + "subject = %s", f"user:{user_id}")
