"""The SQL of the workloads, for peers without an ORM and for the cost of the database alone."""

from __future__ import annotations

import json

from akako.learning import merging
from akako.notifications import queries as notifications

WINDOWS = """
(select coalesce(json_agg(json_build_array(r.id, r.role, r.effective_start, r.effective_end,
                                           r.assigned_by) order by r.effective_start, r.id), '[]')
 from user_roles r where r.user_id = u.id)::text as windows
"""
USER = f"""
u.id, u.clerk_id, u.email, u.username, u.first_name, u.last_name, u.image_url, u.status, u.plan,
u.created_at, u.updated_at, u.last_synced_at, now() as moment, {WINDOWS}
"""
CALLER = """
select u.id, u.clerk_id, u.status, u.plan, u.deleted_at is not null as deleted,
       $2::text as session, array(select r.role from user_roles r where r.user_id = u.id
             and r.effective_start <= now()
             and (r.effective_end is null or r.effective_end > now())) as roles,
       exists (select from ended_sessions where session_id = $2) as ended
from users u where u.clerk_id = $1
"""
LEVELS = """
select c.total, p.* from (
    select count(*) as total from education_levels l where l.deleted_at is null and l.is_active
) c left join lateral (
    select l.id, l.name, l.description, l.image_url, l.is_active, l.created_at, l.updated_at
    from education_levels l where l.deleted_at is null and l.is_active
    order by l.created_at, l.id limit 21
) p on true order by p.created_at, p.id
"""
SEARCH = f"""
select c.total, p.* from (
    select count(*) as total from users u where u.deleted_at is null and u.search_key like $1
) c left join lateral (
    select {USER} from users u where u.deleted_at is null and u.search_key like $1
    order by u.created_at desc, u.id desc limit 21
) p on true order by p.created_at desc, p.id desc
"""
USERS_AFTER = f"""
select c.total, p.* from (
    select count(*) as total from users u where u.deleted_at is null
) c left join lateral (
    select {USER} from users u
    where u.deleted_at is null and (u.created_at, u.id) > ($1, $2)
    order by u.created_at, u.id limit 21
) p on true order by p.created_at, p.id
"""
SUBJECT = """
select s.id, s.mentor_id from subjects s join grades g on g.id = s.grade_id
join education_levels l on l.id = g.level_id
where s.id = $1 and s.deleted_at is null and g.deleted_at is null and l.deleted_at is null
  and s.is_active and g.is_active and l.is_active
"""
ENROLL = """
insert into enrollments (id, user_id, subject_id, message) values ($1, $2, $3, $4)
returning id, status, subject_id, user_id, message, requested_at, decided_at, decided_by,
    decision_reason
"""
ANNOUNCE = "insert into outbox (id, type, data) values ($1, $2, $3)"
AUDIT = """
insert into audit_log (actor_user_id, actor_clerk_id, action, resource, resource_id, after, ip,
                       request_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
NOTIFY = notifications.INSERT_FOR_ADMINS
AUTHORITY = "select status, deleted, ended, roles from current_actor($1, $2, null)"
# One statement merges the ranges; it is the same for all.
PROGRESS = merging.STATEMENT


def as_json() -> str:
    """Return all statements by name, for peers in other languages."""
    texts = {name.lower(): text for name, text in globals().items() if name.isupper()}
    return json.dumps(texts)
