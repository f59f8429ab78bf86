"""SQL that synchronizes accounts with the identity provider in few round trips."""

from __future__ import annotations

from akako.identity import roles
from akako.kernel.db import locks

# Serializes all decisions about a person. A statement sees what was committed when it started, so
# the statement that waits for the lock must not read the row itself.
LOCK = f"pg_advisory_xact_lock(hashtextextended({{}}, {locks.ACCOUNT_SEED}))"

FACTS = """
with mine as (
    select id, first_name, last_name, image_url, status, clerk_updated_at, clerk_first_name,
        clerk_last_name, clerk_image_url, clerk_suspended
    from users where clerk_id = $1 for update
)
select exists (select from user_tombstones where clerk_id = $1) as deleted,
    (select clerk_id from users
     where email_key = $2 and deleted_at is null and clerk_id <> $1) as holder,
    mine.*
from (values (true)) as always left join mine on true
"""

# An address that an earlier version stored without looking at its verification (no
# `email_verified_at`) belongs to the account whose owner is verified.
DISPLACE = """
update users set email = null, email_key = null, updated_at = now(),
    search_key = regexp_replace(search_key, '^[^\\n]*', '')
where email_key = $1 and clerk_id <> $2 and deleted_at is null and email_verified_at is null
returning id
"""

CREATE = """
with person as (
    insert into users (id, clerk_id, email, email_key, first_name, last_name, image_url, status,
        plan, search_key, clerk_updated_at, clerk_first_name, clerk_last_name, clerk_image_url,
        clerk_suspended, last_synced_at, username, email_verified_at,
        first_sort_key, last_sort_key)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $5, $6, $7, $12, now(), $15,
        case when $4::text is not null then now() end, $16, $17) returning id
), learner as (
    insert into user_roles (id, user_id, role, effective_start)
    select $13, id, 'LEARNER', now() from person
)
insert into outbox (id, type, data)
select $14, 'user.created', jsonb_build_object('userId', id) from person
"""

UPDATE = """
update users set email = $2, email_key = $3, first_name = $4, last_name = $5,
    image_url = $6, status = $7, search_key = $8, clerk_updated_at = $9,
    clerk_first_name = $10, clerk_last_name = $11, clerk_image_url = $12,
    clerk_suspended = $13, last_synced_at = now(), username = $14,
    first_sort_key = $15, last_sort_key = $16,
    email_verified_at = case when $3::text is not null then now() end,
    updated_at = case when (email, first_name, last_name, image_url, status, username)
        is distinct from ($2, $4, $5, $6, $7, $14) then now() else updated_at end
where id = $1 returning updated_at = now()
"""

ERASE = """
with deleted as (
    insert into user_tombstones (clerk_id) values ($1) on conflict do nothing
)
update users set deleted_at = now(), updated_at = now(), status = 'INACTIVE',
    email = null, email_key = null, email_verified_at = null, username = null,
    first_name = null, last_name = null, image_url = null, search_key = '',
    first_sort_key = '', last_sort_key = '',
    clerk_first_name = null, clerk_last_name = null, clerk_image_url = null
where clerk_id = $1 and deleted_at is null returning id
"""

# Separate from ERASE, because a role may have been assigned while that waited for the row. Closes
# the requests that wait for a decision: a person without a name cannot be judged. A rejection
# without a time cannot be undone. False if the last administrator was deleted.
END_ROLES_AND_RECORD = f"""
with closed as ({roles.CLOSE_ALL}), withdrawn as (
    update enrollments set status = 'CANCELLED' where user_id = $1 and status = 'PENDING'
), refused as (
    update mentor_applications set status = 'REJECTED' where user_id = $1 and status = 'PENDING'
), entry as (
    insert into audit_log (action, resource, resource_id) values ('user.deleted', 'user', $1)
), event as (
    insert into outbox (id, type, data)
    values ($2, 'user.deleted', jsonb_build_object('userId', $1::text))
)
select not exists (select from closed where role = 'ADMIN') or ({roles.LASTING_ADMIN})
"""
