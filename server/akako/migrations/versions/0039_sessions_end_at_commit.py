"""A session ends before the caller's authority is checked, or after the commit.

`current_actor` read `ended_sessions` without a lock: a session that ended between that statement
and the commit did not stop the commit. Now the check holds a lock on the session until the commit.
A session of the web app is a row, and its end deletes that row. A session of the identity provider
has no row here, so an advisory lock on its id takes the place of a row lock.
"""

from alembic import op

from akako.kernel.db import locks

revision = "0039"
down_revision = "0036"

SQL = f"""
create or replace function current_actor(
    id_of_user text, session text, organization text,
    out status text, out plan text, out deleted boolean, out organization_plan text,
    out roles text[], out ended boolean
) returns setof record language plpgsql as $$
begin
    perform from users where id = id_of_user for share;
    if session like 'web\\_%' then
        perform from web_sessions where public_id = session for key share;
    else
        perform pg_advisory_xact_lock_shared(hashtextextended(session, {locks.SESSION_SEED}));
    end if;
    return query
    select u.status, u.plan, u.deleted_at is not null,
        (select o.plan from organizations o where o.id = organization),
        array(select r.role from user_roles r where r.user_id = u.id
              and r.effective_start <= clock_timestamp()
              and (r.effective_end is null or r.effective_end > clock_timestamp())),
        exists (select from ended_sessions e where e.session_id = session)
    from users u where u.id = id_of_user;
end $$;

create function wait_for_session() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(new.session_id, {locks.SESSION_SEED}));
    return new;
end $$;
create trigger wait_for_session before insert on ended_sessions for each row
    when (new.session_id not like 'web\\_%') execute function wait_for_session();
"""


def upgrade() -> None:
    op.execute(SQL)
