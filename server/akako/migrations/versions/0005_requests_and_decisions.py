"""Enrollment requests and mentor applications that administrators decide."""

from alembic import op

revision = "0005"
down_revision = "0004"

SQL = """
create table enrollments (
    id text primary key,
    user_id text not null references users (id),
    subject_id text not null references subjects (id),
    status text not null default 'PENDING'
        check (status in ('PENDING', 'APPROVED', 'REJECTED', 'CANCELLED')),
    message text,
    requested_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    decision_reason text
);
create unique index enrollments_open on enrollments (user_id, subject_id)
    where status in ('PENDING', 'APPROVED');
create index enrollments_pending on enrollments (requested_at, id) where status = 'PENDING';
create index enrollments_user on enrollments (user_id, requested_at, id);
create index enrollments_subject on enrollments (subject_id, status);

create table mentor_applications (
    id text primary key,
    user_id text not null references users (id),
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REJECTED')),
    motivation text not null,
    qualifications text,
    experience text,
    subject_ids text[] not null default '{}',
    requested_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    decision_reason text
);
create unique index mentor_applications_open on mentor_applications (user_id)
    where status = 'PENDING';
create index mentor_applications_pending on mentor_applications (requested_at, id)
    where status = 'PENDING';
create index mentor_applications_user on mentor_applications (user_id, requested_at, id);
"""


def upgrade() -> None:
    op.execute(SQL)
