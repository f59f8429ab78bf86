"""Users, their dated roles and the memory of deleted ones."""

from alembic import op

revision = "0002"
down_revision = "0001"

SQL = """
create table users (
    id text primary key,
    clerk_id text not null unique,
    email text,
    email_key text,
    first_name text,
    last_name text,
    image_url text,
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE', 'SUSPENDED')),
    plan text not null check (plan in ('FREE', 'PRO', 'ENTERPRISE')),
    search_key text not null default '',
    clerk_updated_at bigint,
    clerk_first_name text,
    clerk_last_name text,
    clerk_image_url text,
    clerk_suspended boolean not null default false,
    last_synced_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index users_email_key on users (email_key) where deleted_at is null;
create index users_created on users (created_at, id) where deleted_at is null;
create index users_updated on users (updated_at, id) where deleted_at is null;
create index users_email on users (coalesce(email, ''), id) where deleted_at is null;
create index users_first_name on users (coalesce(first_name, ''), id) where deleted_at is null;
create index users_last_name on users (coalesce(last_name, ''), id) where deleted_at is null;
create index users_search on users using gin (search_key gin_trgm_ops) where deleted_at is null;

create table user_roles (
    id text primary key,
    user_id text not null references users (id),
    role text not null check (role in ('ADMIN', 'MENTOR', 'LEARNER')),
    effective_start timestamptz not null,
    effective_end timestamptz check (effective_end >= effective_start),
    assigned_by text,
    revoked_by text,
    reason text,
    created_at timestamptz not null default now(),
    constraint user_roles_no_overlap exclude using gist (
        user_id with =, role with =, tstzrange(effective_start, effective_end) with &&
    )
);
create index user_roles_user on user_roles (user_id, effective_start);
create index user_roles_admins on user_roles (user_id) where role = 'ADMIN';

create table user_tombstones (
    clerk_id text primary key,
    deleted_at timestamptz not null default now()
);

create table organizations (
    id text primary key,
    plan text not null check (plan in ('FREE', 'PRO', 'ENTERPRISE')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table usage_counters (
    subject text not null,
    month date not null,
    kind text not null check (kind in ('api_calls', 'file_uploads')),
    used bigint not null default 0 check (used >= 0),
    primary key (subject, month, kind)
);
"""


def upgrade() -> None:
    op.execute(SQL)
