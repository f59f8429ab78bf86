"""Notifications of users, and the publications of topics from which a job makes them.

`created_at` of a notification is the time from which its user sees it. It can lie in the future: a
decision is shown when it can no longer be undone.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

SQL = """
create table notifications (
    id text primary key,
    user_id text not null references users (id),
    type text not null,
    data jsonb not null default '{}',
    merge_key text, -- a later event with this key changes the row instead of adding one
    about text, -- the request whose decision it rests on: undoing the decision deletes the row
    read_at timestamptz,
    created_at timestamptz not null default now()
);
create index notifications_user on notifications (user_id, created_at, id);
create index notifications_unread on notifications (user_id, created_at, id)
    where read_at is null;
create unique index notifications_merged on notifications (user_id, merge_key)
    where merge_key is not null;
-- For the job that deletes old rows. A B-tree would tempt the planner to read lists from it.
create index notifications_created on notifications using brin (created_at);

-- Publications of a subject within one hour have the same batch: the id of the first one.
create table topic_publications (
    id text primary key,
    subject_id text not null references subjects (id),
    topic_id text not null references topics (id),
    published_at timestamptz not null default now(),
    batch_id text,
    announced_at timestamptz
);
create index topic_publications_subject on topic_publications (subject_id, published_at);
create index topic_publications_batch on topic_publications (batch_id);
create index topic_publications_waiting on topic_publications (subject_id)
    where announced_at is null;

-- What an approval changed, so that reopening can undo it. Subjects are keys; their values are the
-- ids of the mentors before.
alter table mentor_applications add column opened_role_id text;
alter table mentor_applications add column assigned_subjects jsonb;

create function forget_notifications() returns trigger language plpgsql as $$
begin
    delete from notifications /* allowed: one person's */ where user_id = new.id;
    return null;
end $$;

create trigger notifications_forgotten after update of deleted_at on users
    for each row when (old.deleted_at is null and new.deleted_at is not null)
    execute function forget_notifications();
"""


def upgrade() -> None:
    op.execute(SQL)
