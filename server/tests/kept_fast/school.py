"""A school of 100,000 of everything and ten million rows of progress, filled in seconds."""

from __future__ import annotations

import psycopg

from tests.kept_fast import progress
from tests.parts.bulk import unindexed

ROWS = 100_000
PARENTS = 100  # so many levels, grades, subjects and topics have children, 1,000 each
LARGE = {
    "users",
    "user_roles",
    "education_levels",
    "grades",
    "subjects",
    "topics",
    "documents",
    "enrollments",
    "mentor_applications",
    "notifications",
    "audit_log",
    "topic_progress",
    "notes",
    "webhook_endpoints",
    "webhook_deliveries",
    "outbox",
    "enrollment_moments",
    "activity_days",
}

# One in 100 is called John, is suspended or was deleted; one in 1,000 is an administrator.
PEOPLE = """
insert into users (id, clerk_id, email, email_key, first_name, last_name, status, plan, search_key,
                   first_sort_key, last_sort_key, deleted_at, created_at, updated_at)
select 'u' || n, 'user_' || n, mail, mail, first, last,
       case when n % 100 = 1 then 'SUSPENDED' else 'ACTIVE' end, 'FREE',
       mail || e'\\n' || lower(first || ' ' || last), lower(first), lower(last),
       case when n % 100 = 2 then at end, at, at
from (
    select n, 'person' || n || '@example.com' as mail, 'Mensah' || n % 9973 as last,
           case when n % 100 = 7 then 'John' else 'Ama' || n % 997 end as first,
           timestamptz '2026-01-01Z' + n * interval '1 second' as at
    from generate_series(0, 99999) n
) person;
insert into user_roles (id, user_id, role, effective_start)
select 'r' || n, 'u' || n, case when n % 1000 = 0 then 'ADMIN' else 'LEARNER' end, '2026-01-01Z'
from generate_series(0, 99999) n;
"""
NODE = """
insert into {table} (id, name, name_key, search_key, sort_key, created_at, updated_at {columns})
select '{letter}' || n, 'Node ' || n, 'node ' || n, 'node ' || n || e'\\nabout ' || n * 7,
       'node ' || lpad(n::text, 6, '0'),
       timestamptz '2026-01-01Z' + n * interval '1 second',
       timestamptz '2026-01-01Z' + n * interval '1 second' {values}
from generate_series(0, 99999) n;
"""
CURRICULUM = "".join(
    [
        NODE.format(table="education_levels", letter="l", columns="", values=""),
        NODE.format(
            table="grades",
            letter="g",
            columns=", level_id, stage",
            values=", 'l' || n % 100, 'primary'",
        ),
        NODE.format(
            table="subjects",
            letter="s",
            columns=", grade_id, mentor_id",
            values=", 'g' || n % 100, 'u' || n % 1000",
        ),
        NODE.format(
            table="topics",
            letter="t",
            columns=", subject_id, position",
            values=", 's' || n % 100, n / 100",
        ),
    ]
)
RECORDS = """
insert into documents (id, topic_id, name, file_name, mime_type, size, sha256, storage_key, status,
                       uploaded_by, created_at)
select 'd' || n, 't' || n % 100, 'Sheet', 'sheet.pdf', 'application/pdf', 1, 'x', 'k' || n,
       'ACTIVE', 'u0', timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(0, 99999) n;
alter table enrollments disable trigger enrollment_noted;
insert into enrollments (id, user_id, subject_id, status, requested_at)
select 'e' || n, 'u' || n % 5000, 's' || n / 100,
       case when n % 2 = 0 then 'PENDING' else 'REJECTED' end,
       timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(0, 99999) n;
insert into mentor_applications (id, user_id, status, motivation, requested_at)
select 'a' || n, 'u' || n, case when n % 2 = 0 then 'PENDING' else 'REJECTED' end, 'I teach',
       timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(0, 99999) n;
insert into notifications (id, user_id, type, read_at, created_at)
select 'n' || n, 'u' || n % 500, 'note.replied', case when n % 5000 > 500 then now() end,
       timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(0, 99999) n;
insert into audit_log (at, actor_user_id, action, resource, resource_id)
select timestamptz '2026-01-01Z' + n * interval '1 second', 'u' || n % 1000,
       case when n % 1000 = 0 then 'user.updated' else 'enrollment.requested' end,
       case when n % 1000 = 0 then 'user' else 'enrollment' end, 'e' || n % 5000
from generate_series(0, 99999) n;
"""
# Learners are enrolled in one of 100 subjects; for their progress, see progress.py. What a trigger
# would note about each enrollment is inserted at once.
LEARNING = """
insert into enrollments (id, user_id, subject_id, status, requested_at)
select 'p' || n, 'u' || n, 's' || n % 100, 'APPROVED',
       timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(5000, 99999) n;
alter table enrollments enable trigger enrollment_noted;
alter table enrollment_moments disable trigger user;
insert into enrollment_moments (enrollment_id, kind, at)
select id, 'requested', requested_at from enrollments;
alter table enrollment_moments enable trigger user;
insert into notes (id, user_id, topic_id, content, search_key, shared_with_mentor, shared_at,
                   created_at, updated_at)
select 'n' || n, 'u' || n, 't' || n % 100, 'x', 'x', n % 10 = 0, at, at, at
from generate_series(0, 99999) n,
     lateral (select timestamptz '2026-01-01Z' + n * interval '1 second' as at) written;
"""
# Endpoints belong to 5,000 plan subjects; 20 of them receive 1,000 deliveries each.
WEBHOOKS = """
insert into webhook_endpoints (id, subject, url, description, events, is_active, created_at)
select 'w' || n, 'user:u' || n % 5000, 'https://receiver.example', '', '{*}', n % 20 > 0,
       timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(0, 19999) n;
insert into outbox (id, type, data, delivered_at, created_at)
select 'v' || n, 'grade.created', '{}', at, at
from generate_series(0, 19999) n,
     lateral (select timestamptz '2026-01-01Z' + n * interval '1 second' as at) announced;
insert into webhook_deliveries (id, endpoint_id, event_id, event_type, status, next_attempt_at,
                                last_attempt_at, created_at)
select 'y' || n, 'w' || n % 20, 'v' || n, 'grade.created',
       case when n % 50 < 40 then 'DELIVERED' else 'FAILED' end, null, at, at
from generate_series(0, 19999) n,
     lateral (select timestamptz '2026-01-01Z' + n * interval '1 second' as at) sent;
"""
# Activity of today's four weeks, and what the job has stored about days that are over and about a
# large school.
FIGURES = """
alter table activity_days disable trigger user;
insert into activity_days (day, user_id)
select current_date - n % 28, 'u' || n from generate_series(0, 39999) n;
alter table activity_days enable trigger user;
insert into analytics_days
select 'UTC', day::date, true, 7, 5, 1, 0, 300, 900, 2000
from generate_series(current_date - 1095, current_date - 1, interval '1 day') day;
insert into analytics_medians
select 'UTC', day::date, day::date + 6, 3600
from generate_series(date_trunc('week', current_date - 420), current_date, interval '7 days') day;
insert into analytics_subjects (subject_id, learners, started, completed)
select 's' || n, 950, 900, n % 900 from generate_series(0, 99) n;
insert into analytics_state (key, value) values
    ('subjects', '{}'), ('users', '{"total": 1, "learners": 1, "mentors": 0, "admins": 0}'),
    ('storage', '{"documents": 1, "document_bytes": 1, "videos": 0, "video_bytes": 0,
                  "awaiting": 0}');
"""


def fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        with unindexed(db, LARGE - progress.TABLE):
            for part in (PEOPLE, CURRICULUM, RECORDS, LEARNING, WEBHOOKS, FIGURES):
                db.execute(part.encode())
        progress.fill(db)
        db.execute("vacuum analyze")
