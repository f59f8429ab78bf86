"""Authority is read when an effect is committed; unfinished uploads count against a quota.

`current_actor` locks the account's row first and reads with its next statement: one that had to
wait for the lock would still show the roles of before. `now()` is when the transaction began, which
may be earlier than the end of a role that another transaction has written since.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

SQL = """
alter table resumable_uploads add column quota_subject text;

create function current_actor(
    id_of_user text, session text, organization text,
    out status text, out plan text, out deleted boolean, out organization_plan text,
    out roles text[], out ended boolean
) returns setof record language plpgsql as $$
begin
    perform from users where id = id_of_user for share;
    return query
    select u.status, u.plan, u.deleted_at is not null,
        (select o.plan from organizations o where o.id = organization),
        array(select r.role from user_roles r where r.user_id = u.id
              and r.effective_start <= clock_timestamp()
              and (r.effective_end is null or r.effective_end > clock_timestamp())),
        exists (select from ended_sessions e where e.session_id = session)
    from users u where u.id = id_of_user;
end $$;
"""


def upgrade() -> None:
    op.execute(SQL)
