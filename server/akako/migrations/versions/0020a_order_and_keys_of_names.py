"""Columns for the order of topics, for natural sorting, for searches and for restoring.

Servers of the release before insert topics without a position: a trigger puts these last. They
erase a deleted user without the new columns: a trigger clears these.
"""

from alembic import op

revision = "0020a"
down_revision = "0019"

NODES = ("education_levels", "grades", "subjects", "topics")
COLUMNS = """
alter table {table} add column sort_key text collate "C" not null default '';
alter table {table} add column deleted_by text;
"""
SQL = """
alter table topics add column position integer;
alter table topics add column content_key text not null default '';
alter table users add column first_sort_key text collate "C" not null default '';
alter table users add column last_sort_key text collate "C" not null default '';

create function place_topic_last() returns trigger language plpgsql as $$
begin
    new.position := coalesce((select max(t.position) + 1 from topics t
        where t.subject_id = new.subject_id and t.deleted_at is null), 0);
    return new;
end $$;
create trigger placed before insert on topics for each row when (new.position is null)
    execute function place_topic_last();

create function clear_sort_keys() returns trigger language plpgsql as $$
begin
    new.first_sort_key := '';
    new.last_sort_key := '';
    return new;
end $$;
create trigger sort_keys_cleared before update of deleted_at on users
    for each row when (new.deleted_at is not null) execute function clear_sort_keys();
"""


def upgrade() -> None:
    for table in NODES:
        op.execute(COLUMNS.format(table=table))
    op.execute(SQL)
