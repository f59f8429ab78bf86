"""Foundation: the audit trail, idempotency keys, the outbox and the job queue."""

from pathlib import Path

import procrastinate
from alembic import op

revision = "0001"
down_revision = None

SQL = """
create extension if not exists btree_gist;
create extension if not exists pg_trgm;

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor_user_id text,
    actor_clerk_id text,
    impersonator_clerk_id text,
    action text not null,
    resource text not null,
    resource_id text,
    before jsonb,
    after jsonb,
    ip text,
    request_id text
);
create index audit_log_at on audit_log (at, id);
create index audit_log_resource on audit_log (resource, resource_id, id);
create index audit_log_actor on audit_log (actor_user_id, id);

create table idempotency_keys (
    caller text not null,
    method text not null,
    route text not null,
    key text not null,
    fingerprint bytea not null,
    status smallint not null,
    headers jsonb not null,
    body bytea not null,
    created_at timestamptz not null default now(),
    primary key (caller, method, route, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);

create table outbox (
    id text primary key,
    type text not null,
    data jsonb not null,
    created_at timestamptz not null default now(),
    delivered_at timestamptz
);
create index outbox_waiting on outbox (created_at) where delivered_at is null;
"""


def upgrade() -> None:
    op.execute(SQL)
    schema = Path(procrastinate.__file__).parent / "sql" / "schema.sql"
    # Sent as it is: the file has colons and percent signs that a bound statement would misread.
    op.get_bind().connection.cursor().execute(schema.read_text(encoding="utf-8"))
