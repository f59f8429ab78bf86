"""Documents of topics, uploads under way and objects waiting to be removed."""

from alembic import op

revision = "0004"
down_revision = "0003"

SQL = """
create table documents (
    id text primary key,
    topic_id text not null references topics (id),
    name text not null,
    description text,
    file_name text not null,
    mime_type text not null,
    size bigint not null,
    sha256 text not null,
    storage_key text not null unique,
    status text not null check (status in ('ACTIVE', 'QUARANTINED', 'DELETED')),
    uploaded_by text not null references users (id),
    created_at timestamptz not null default now(),
    deleted_at timestamptz
);
create index documents_topic on documents (topic_id, created_at, id) where status = 'ACTIVE';

-- An object that is being written. Its key is known here before its first byte is stored, so that
-- the remains of a crash can be found. `alive_at` moves while bytes arrive; `process`
-- is the name under which the writing process is connected, null after the writing has ended.
create table pending_objects (
    storage_key text primary key,
    quota_subject text not null,
    process text default current_setting('application_name'),
    created_at timestamptz not null default now(),
    alive_at timestamptz not null default now()
);
create index pending_objects_subject on pending_objects (quota_subject);

create table cleanup_queue (
    storage_key text primary key,
    queued_at timestamptz not null default now(),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now()
);
create index cleanup_queue_due on cleanup_queue (next_attempt_at);

-- A file that arrives in several requests. `received` bytes of it are on the disk, synced; the last
-- of them count only when the document or video exists that they make whole.
create table resumable_uploads (
    id text primary key,
    user_id text not null references users (id),
    kind text not null check (kind in ('document', 'video')),
    topic_id text not null references topics (id),
    size bigint not null,
    received bigint not null default 0 check (received <= size),
    file_name text not null,
    declared_type text,
    name text,
    description text,
    told text not null, -- the metadata in the client's own spelling
    result_id text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check ((result_id is null) = (received < size))
);
create index resumable_uploads_user on resumable_uploads (user_id);
create index resumable_uploads_expiry on resumable_uploads (expires_at);
"""


def upgrade() -> None:
    op.execute(SQL)
