"""Progress in topics, private notes, and the days on which users learned.

`activity_days` has no reference to users. When a user is deleted, a random id replaces theirs, so
that counts of distinct users stay the same and the rows belong to no person any more.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

SQL = """
-- Positions, durations and ranges are in tenths of a second. Each of position, duration and mark
-- has the time at which a client recorded it: a later one wins. `finished` is true once all was
-- watched and opened; completed means finished or marked. `active_on` is the day of `updated_at`:
-- an index on it changes once a day, so other updates stay within their page.
create table topic_progress (
    user_id text not null references users (id),
    topic_id text not null references topics (id),
    position_tenths integer not null default 0 check (position_tenths >= 0),
    position_at timestamptz,
    duration_tenths integer check (duration_tenths > 0),
    duration_at timestamptz,
    watched int4multirange not null default '{}',
    documents_opened text[] not null default '{}',
    marked_done boolean not null default false,
    marked_at timestamptz,
    recorded_at timestamptz not null default now(),
    finished boolean not null default false,
    completed_at timestamptz,
    first_completed_at timestamptz, -- kept when a mark is taken back: one event per completion
    updated_at timestamptz not null default now(),
    active_on date not null default (now() at time zone 'utc')::date,
    primary key (user_id, topic_id)
) with (fillfactor = 80);
create index topic_progress_active on topic_progress (topic_id, active_on, user_id);
create index topic_progress_completed on topic_progress (topic_id, user_id)
    where completed_at is not null;

create table notes (
    id text primary key,
    user_id text not null references users (id),
    topic_id text not null references topics (id),
    content text not null,
    search_key text not null,
    shared_with_mentor boolean not null default false,
    shared_at timestamptz,
    reply_content text,
    reply_mentor_id text references users (id),
    replied_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint notes_author unique (user_id, topic_id),
    check ((reply_content is null) = (replied_at is null)),
    check (not shared_with_mentor or shared_at is not null)
);
create index notes_updated on notes (user_id, updated_at, id);
create index notes_created on notes (user_id, created_at, id);
create index notes_shared on notes (topic_id, shared_at, id) where shared_with_mentor;

create table activity_days (
    day date not null,
    user_id text not null,
    primary key (day, user_id)
);
create index activity_days_user on activity_days (user_id, day);

create function forget_learning() returns trigger language plpgsql as $$
begin
    delete from topic_progress /* allowed: one person's */ where user_id = new.id;
    delete from notes /* allowed: one person's */ where user_id = new.id;
    update activity_days /* allowed: one person's */
        set user_id = (select 'gone-' || gen_random_uuid()) where user_id = new.id;
    return null;
end $$;

create trigger learning_forgotten after update of deleted_at on users
    for each row when (old.deleted_at is null and new.deleted_at is not null)
    execute function forget_learning();
"""


def upgrade() -> None:
    op.execute(SQL)
