"""Add `confirm_actor`, with which a single statement checks the caller's authority.

It raises insufficient_privilege, which undoes the statement, unless the account may do what it
could when the request began: it is active, its session goes on, and it has the same roles. The
account's row stays locked until the commit, so that stays true.
"""

from alembic import op

revision = "0036"
down_revision = "0035"

SQL = """
create function confirm_actor(id_of_user text, session text, organization text, held text[])
returns void language plpgsql as $$
begin
    perform from current_actor(id_of_user, session, organization) a
    where not a.deleted and not a.ended and a.status = 'ACTIVE' and a.roles @> held;
    if not found then
        raise exception 'authority changed' using errcode = 'insufficient_privilege';
    end if;
end $$;
"""


def upgrade() -> None:
    op.execute(SQL)
