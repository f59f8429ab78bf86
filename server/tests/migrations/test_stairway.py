"""Every revision is taken on a database with data, and leaves that data as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.migrations.run import migrate
from akako.migrations.steps import revisions
from tests.parts.postgres import create_database, drop_database

# What people have written by the time of each revision, with its columns of that time.
DATA = {
    "0001": """
        insert into audit_log (action, resource, after)
            values ('made', 'school', '{"a": [1, null]}');
        insert into idempotency_keys
            (caller, method, route, key, fingerprint, status, headers, body)
            values ('u', 'POST', '/x', 'k', '\\x00ff', 201, '{}', '\\x7b7d');
        insert into outbox (id, type, data) values ('o', 'made', '{}')
    """,
    "0002": """
        insert into users (id, clerk_id, email, email_key, plan, search_key)
            values ('u', 'user_u', 'Ü@example.com', 'ü@example.com', 'PRO', 'ü'),
                   ('v', 'user_v', null, null, 'FREE', '');
        insert into user_roles (id, user_id, role, effective_start, effective_end)
            values ('r', 'u', 'ADMIN', '2026-01-01', null),
                   ('s', 'v', 'MENTOR', 'today', 'tomorrow');
        insert into user_tombstones (clerk_id) values ('user_gone');
        insert into organizations (id, plan) values ('org', 'ENTERPRISE');
        insert into usage_counters (subject, month, kind, used)
            values ('u', '2026-11-01', 'api_calls', 7)
    """,
    "0003": """
        insert into education_levels (id, name, name_key) values ('l', 'Level', 'level');
        insert into education_levels (id, name, name_key, deleted_at)
            values ('m', 'Level', 'level', now());
        insert into grades (id, name, name_key, level_id, stage)
            values ('g', 'G', 'g', 'l', 'primary');
        insert into subjects (id, name, name_key, grade_id, mentor_id)
            values ('s', 'S', 's', 'g', 'v');
        insert into topics (id, name, name_key, subject_id, content)
            values ('t', 'T', 't', 's', 'Text')
    """,
    "0004": """
        insert into documents (id, topic_id, name, file_name, mime_type, size, sha256, storage_key,
            status, uploaded_by)
            values ('d', 't', 'D', 'd.txt', 'text/plain', 3, 'x', 'k', 'ACTIVE', 'v');
        insert into pending_objects (storage_key, quota_subject) values ('p', 'u');
        insert into cleanup_queue (storage_key) values ('c');
        insert into resumable_uploads (id, user_id, kind, topic_id, size, received, file_name, told,
            expires_at) values ('ru', 'v', 'video', 't', 9, 4, 'f.mp4', 'n', 'tomorrow')
    """,
    "0005": """
        insert into enrollments (id, user_id, subject_id, status)
            values ('e', 'v', 's', 'APPROVED');
        insert into mentor_applications (id, user_id, motivation, subject_ids)
            values ('a', 'v', 'I like it', '{s}')
    """,
    "0006": """
        insert into webhook_messages (message_id, outcome) values ('msg', 'handled');
        insert into webhook_dead_letters (message_id, reason, body) values ('bad', 'why', '\\x00');
        insert into ended_sessions (session_id) values ('sess')
    """,
}
# Computed from other columns, so a revision may compute them anew.
DERIVED = {"search_key", "sort_key", "content_key", "position", "first_sort_key", "last_sort_key"}
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[str]:
    url = create_database(postgres.url, "stairway")
    yield url
    drop_database(url)


def written(db: psycopg.Connection) -> Rows:
    """Every row of every table, but for the revision itself."""
    names = db.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {
        name: [
            row[0]
            for row in db.execute(
                sql.SQL("select to_jsonb(t) from {} t order by to_jsonb(t)::text").format(
                    sql.Identifier(name)
                )
            )
        ]
        for (name,) in names
        if name != "alembic_version"
    }


def missing(before: Rows, after: Rows) -> list[str]:
    """Rows of which a column that still exists has changed, or which are gone."""
    return [
        f"{name}: {row}"
        for name, rows in before.items()
        for row in rows
        if not any(_goes_on(row, other) for other in after.get(name, []))
    ]


def _goes_on(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(
        other.get(column, value) == value for column, value in row.items() if column not in DERIVED
    )


def test_each_step_keeps_what_is_there(empty: str) -> None:
    before: Rows = {}
    for revision in revisions():
        migrate(empty, revision)
        with psycopg.connect(empty, autocommit=True) as db:
            assert missing(before, written(db)) == [], revision
            if revision in DATA:
                db.execute(DATA[revision].encode())
            before = written(db)
    assert sum(len(rows) for rows in before.values()) >= 24
