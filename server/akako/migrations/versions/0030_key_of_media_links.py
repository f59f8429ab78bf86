"""Add the key that encrypts media links. All workers and hosts share it; backups omit it."""

from alembic import op

revision = "0030"
down_revision = "0029"

SQL = """
create table media_link_key (
    only_row boolean primary key default true check (only_row),
    key bytea not null check (length(key) = 32)
);
-- Each random UUID has 122 random bits from the operating system.
insert into media_link_key (key)
values (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
"""


def upgrade() -> None:
    op.execute(SQL)
