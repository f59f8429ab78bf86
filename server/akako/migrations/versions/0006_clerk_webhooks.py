"""Clerk's messages: each is applied once, and none that cannot be applied is lost."""

from alembic import op

revision = "0006"
down_revision = "0005"

SQL = """
create table webhook_messages (
    message_id text primary key,
    type text,
    outcome text not null check (outcome in ('handled', 'ignored', 'dead')),
    received_at timestamptz not null default now()
);
create index webhook_messages_received on webhook_messages (received_at);

create table webhook_dead_letters (
    id bigint generated always as identity primary key,
    message_id text not null,
    type text,
    reason text not null,
    body bytea not null,
    received_at timestamptz not null default now()
);

-- Sessions that ended before their last token did; rows matter only until that token expires.
create table ended_sessions (
    session_id text primary key,
    ended_at timestamptz not null default now()
);
"""


def upgrade() -> None:
    op.execute(SQL)
