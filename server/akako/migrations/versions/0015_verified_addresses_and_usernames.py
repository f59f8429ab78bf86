"""Usernames, the time at which an account's address was verified, and who assigned a role.

`assigned_by` and `revoked_by` held Clerk ids. They become our ids, those that servers of the
release before write while both run included.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

SQL = """
alter table users add column username text;
alter table users add column email_verified_at timestamptz;

create function store_internal_ids() returns trigger language plpgsql as $$
begin
    new.assigned_by = coalesce(
        (select id from users where clerk_id = new.assigned_by), new.assigned_by);
    new.revoked_by = coalesce(
        (select id from users where clerk_id = new.revoked_by), new.revoked_by);
    return new;
end $$;

create trigger internal_ids before insert or update on user_roles
    for each row when (new.assigned_by like 'user\\_%' or new.revoked_by like 'user\\_%')
    execute function store_internal_ids();

update user_roles /* allowed: only windows that an administrator opened or closed */
    set assigned_by = assigned_by
    where assigned_by like 'user\\_%' or revoked_by like 'user\\_%';
"""


def upgrade() -> None:
    op.execute(SQL)
