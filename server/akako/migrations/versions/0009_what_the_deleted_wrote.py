"""With a user goes what they wrote in their requests, and what was written about them.

A trigger sees to it, because the rooms that keep those texts do not hear of a deletion.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

SQL = """
create function forget_what_was_written() returns trigger language plpgsql as $$
begin
    update enrollments set message = null, decision_reason = null
        where user_id = new.id and coalesce(message, decision_reason) is not null;
    update mentor_applications
        set motivation = '', qualifications = null, experience = null, decision_reason = null
        where user_id = new.id;
    return null;
end $$;

create trigger forgotten after update of deleted_at on users
    for each row when (old.deleted_at is null and new.deleted_at is not null)
    execute function forget_what_was_written();
"""


def upgrade() -> None:
    op.execute(SQL)
