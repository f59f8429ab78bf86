"""Outgoing webhooks: endpoints, their secrets, and one delivery per event and matching endpoint.

A row of the outbox is distributed once: `delivered_at` is when its deliveries were written. The
trigger wakes the dispatchers when a transaction with events commits.
"""

from alembic import op

revision = "0021"
down_revision = "0020c"

SQL = """
create table webhook_endpoints (
    id text primary key,
    subject text not null, -- the plan subject of the creator
    url text not null,
    description text not null,
    events text[] not null,
    is_active boolean not null,
    disabled_reason text check (disabled_reason in ('gone', 'failing')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    active_since timestamptz not null default now(), -- earlier events are not delivered
    last_delivery_at timestamptz,
    failing_since timestamptz,
    failures integer not null default 0, -- failed attempts since the last success
    check (disabled_reason is null or not is_active)
);
create index webhook_endpoints_subject on webhook_endpoints (subject, created_at, id);

-- Encrypted. The current secret of an endpoint is the one that does not expire.
create table webhook_secrets (
    id text primary key,
    endpoint_id text not null references webhook_endpoints on delete cascade,
    sealed bytea not null,
    expires_at timestamptz
);
create unique index webhook_secrets_current on webhook_secrets (endpoint_id)
    where expires_at is null;
create index webhook_secrets_endpoint on webhook_secrets (endpoint_id);

create table webhook_deliveries (
    id text primary key,
    endpoint_id text not null references webhook_endpoints on delete cascade,
    event_id text not null references outbox on delete cascade,
    event_type text not null,
    status text not null default 'PENDING' check (status in ('PENDING', 'DELIVERED', 'FAILED')),
    attempts integer not null default 0,
    retries integer not null default 0, -- failed attempts since the delivery was due first
    created_at timestamptz not null default now(),
    last_attempt_at timestamptz,
    next_attempt_at timestamptz default now(),
    claimed_until timestamptz, -- while an attempt is in flight
    claimed_by text, -- the connections of the process have this application_name
    response_status integer,
    response_body text,
    duration_ms integer,
    error text,
    check ((status = 'PENDING') = (next_attempt_at is not null))
);
create unique index webhook_deliveries_event on webhook_deliveries (event_id, endpoint_id);
create index webhook_deliveries_listed on webhook_deliveries (endpoint_id, created_at, id);
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, next_attempt_at)
    where status = 'PENDING';
create index webhook_deliveries_failed on webhook_deliveries (endpoint_id, last_attempt_at)
    where status = 'FAILED';
create index webhook_deliveries_in_flight on webhook_deliveries (endpoint_id)
    where claimed_until is not null;

create function tell_of_event() returns trigger language plpgsql as $$
begin
    if exists (select from webhook_endpoints where is_active or disabled_reason is not null) then
        perform pg_notify('akako_outbox', '');
    end if;
    return null;
end $$;

create trigger wake_dispatchers after insert on outbox
    for each statement execute function tell_of_event();
"""


def upgrade() -> None:
    op.execute(SQL)
