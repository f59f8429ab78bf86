"""Notify the caches of public responses of each change to the data that they show, at commit.

Triggers notify, not the code that writes, so that every way of writing is covered. Public
responses contain the names of mentors.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

SQL = """
create function tell_of_public_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('akako_public', '');
    return null;
end $$;

create function tell_of_mentor_change() returns trigger language plpgsql as $$
begin
    if exists (select from subjects where mentor_id = new.id) then
        perform pg_notify('akako_public', '');
    end if;
    return null;
end $$;

create trigger public_change after insert or update or delete or truncate on education_levels
    for each statement execute function tell_of_public_change();
create trigger public_change after insert or update or delete or truncate on grades
    for each statement execute function tell_of_public_change();
create trigger public_change after insert or update or delete or truncate on subjects
    for each statement execute function tell_of_public_change();
create trigger public_change after insert or update or delete or truncate on topics
    for each statement execute function tell_of_public_change();
create trigger public_change after update of first_name, last_name, deleted_at on users
    for each row when (
        (old.first_name, old.last_name, old.deleted_at)
        is distinct from (new.first_name, new.last_name, new.deleted_at)
    ) execute function tell_of_mentor_change();
"""


def upgrade() -> None:
    op.execute(SQL)
