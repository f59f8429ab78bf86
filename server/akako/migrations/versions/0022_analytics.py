"""Analytics: moments of enrollments, daily usage, and the roll-ups of figures.

A trigger keeps the moments, so that servers of the last release record them too. Rows that are
older than this revision are added by a job, in portions. None of the tables refers to a user: the
counts stay when a user is deleted.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

SQL = """
-- When an enrollment was requested, decided and cancelled; `seconds` from request to decision.
create table enrollment_moments (
    enrollment_id text not null,
    kind text not null check (kind in ('requested', 'approved', 'rejected', 'cancelled')),
    at timestamptz not null,
    seconds double precision,
    primary key (enrollment_id, kind)
);
create index enrollment_moments_at on enrollment_moments (at) include (kind, seconds);

-- Calls and uploads of a plan subject per UTC day, and of its users per month.
create table usage_days (
    subject text not null,
    day date not null,
    calls bigint not null default 0,
    uploads bigint not null default 0,
    primary key (subject, day)
);
create table usage_callers (
    subject text not null,
    month date not null,
    user_id text not null,
    calls bigint not null default 0,
    primary key (subject, month, user_id)
);
create index usage_callers_most on usage_callers (subject, month, calls desc, user_id);

-- Figures of a day in a time zone. A closed day does not change any more.
create table analytics_days (
    zone text not null,
    day date not null,
    closed boolean not null,
    requested integer not null,
    approved integer not null,
    rejected integer not null,
    cancelled integer not null,
    learners_7d integer not null,
    learners_28d integer not null,
    window_rows integer not null, -- rows of activity in the 28 days
    primary key (zone, day)
);
-- The median of whole days, weeks and months that are over.
create table analytics_medians (
    zone text not null,
    first_day date not null,
    last_day date not null,
    seconds double precision,
    primary key (zone, first_day, last_day)
);
create table analytics_subjects (
    subject_id text primary key,
    learners integer not null,
    started integer not null,
    completed integer not null
);
create table analytics_state (
    key text primary key,
    value jsonb not null,
    computed_at timestamptz not null default now(),
    seconds double precision not null default 0 -- how long the computation took
);

-- The sizes of videos that were replaced or deleted, until their objects are removed.
create table removed_videos (
    storage_key text primary key,
    size bigint not null
);

create function note_removed_video() returns trigger language plpgsql as $$
begin
    insert into removed_videos (storage_key, size)
    values (old.video_key, coalesce(old.video_size, 0)) on conflict do nothing;
    return null;
end $$;

create trigger removed_video_noted after update of video_key on topics
    for each row when (old.video_key is not null and old.video_key is distinct from new.video_key)
    execute function note_removed_video();

create function note_enrollment() returns trigger language plpgsql as $$
begin
    insert into enrollment_moments (enrollment_id, kind, at)
    values (new.id, 'requested', new.requested_at) on conflict do nothing;
    if new.decided_at is null then
        delete from enrollment_moments /* allowed: one enrollment's */
        where enrollment_id = new.id and kind in ('approved', 'rejected');
    elsif new.status in ('APPROVED', 'REJECTED') then
        insert into enrollment_moments (enrollment_id, kind, at, seconds)
        values (new.id, lower(new.status), new.decided_at,
                extract(epoch from new.decided_at - new.requested_at))
        on conflict do nothing;
    end if;
    if new.status = 'CANCELLED' then
        insert into enrollment_moments (enrollment_id, kind, at)
        values (new.id, 'cancelled', now()) on conflict do nothing;
    end if;
    return null;
end $$;

-- A moment of a day that may be closed: the day is computed again.
create function reopen_day() returns trigger language plpgsql as $$
declare noted timestamptz := case when tg_op = 'DELETE' then old.at else new.at end;
begin
    delete from analytics_days /* allowed: one day's */
    where day between noted::date - 1 and noted::date + 1;
    delete from analytics_medians /* allowed: one day's */
    where noted::date between first_day - 1 and last_day + 1;
    return null;
end $$;

create trigger moment_added after insert on enrollment_moments
    for each row when (new.at < now() - interval '1 minute') execute function reopen_day();
create trigger moment_deleted after delete on enrollment_moments
    for each row when (old.at < now() - interval '1 minute') execute function reopen_day();

-- Activity of a day that may be closed changes the figures of the 28 days from it on.
create function reopen_window() returns trigger language plpgsql as $$
begin
    delete from analytics_days /* allowed: four weeks */
    where day between new.day and new.day + 27;
    return null;
end $$;

create trigger activity_added after insert on activity_days
    for each row when (new.day < (now() at time zone 'utc')::date)
    execute function reopen_window();

create trigger enrollment_noted after insert or update of status, decided_at on enrollments
    for each row execute function note_enrollment();
"""


def upgrade() -> None:
    op.execute(SQL)
