"""A request asks the database as little as it can: no statement per row, none twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import httpx2
import psycopg
import pytest

from akako import rooms
from akako.backends.database.pool import Pool
from akako.dispatch import claims, distribution
from tests.conftest import StartServer
from tests.kept_fast.statements import Log, logged_database
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in

MANY = 25
CALLS = 60
# 25 of everything, all in one subject's chain, asked for by as many learners.
SCHOOL = """
insert into users (id, clerk_id, email, email_key, plan)
select 'u' || n, 'user_u' || n, 'u' || n || '@example.com', 'u' || n || '@example.com', 'FREE'
from generate_series(1, 25) n;
insert into user_roles (id, user_id, role, effective_start)
select 'r' || n, 'u' || n, 'LEARNER', '2026-01-01Z' from generate_series(1, 25) n;
insert into education_levels (id, name, name_key)
select 'l' || n, 'Level ' || n, 'level ' || n from generate_series(1, 25) n;
insert into education_levels (id, name, name_key, deleted_at)
select 'x' || n, 'Old ' || n, 'old ' || n, now() from generate_series(1, 25) n;
insert into grades (id, name, name_key, stage, level_id)
select 'g' || n, 'Grade ' || n, 'grade ' || n, 'primary', 'l1' from generate_series(1, 25) n;
insert into subjects (id, name, name_key, grade_id, mentor_id)
select 's' || n, 'Subject ' || n, 'subject ' || n, 'g1', 'u1' from generate_series(1, 40) n;
insert into topics (id, name, name_key, subject_id)
select 't' || n, 'Topic ' || n, 'topic ' || n, 's1' from generate_series(1, 25) n;
insert into documents (id, topic_id, name, file_name, mime_type, size, sha256, storage_key, status,
                       uploaded_by)
select 'd' || n, 't1', 'Sheet', 'a.pdf', 'application/pdf', 1, 'x', 'k' || n, 'ACTIVE', 'u1'
from generate_series(1, 25) n;
insert into enrollments (id, user_id, subject_id)
select 'e' || n, 'u' || n, 's1' from generate_series(1, 25) n;
insert into enrollments (id, user_id, subject_id)
select 'own' || n, id, 's' || n from users, generate_series(1, 25) n where clerk_id = 'user_123';
insert into mentor_applications (id, user_id, motivation)
select 'a' || n, 'u' || n, 'I teach' from generate_series(1, 25) n;
insert into mentor_applications (id, user_id, motivation, status)
select 'own' || n, id, 'I teach', 'REJECTED' from users, generate_series(1, 25) n
where clerk_id = 'user_123';
insert into enrollments (id, user_id, subject_id)
select 'waiting' || n, 'u' || n, 's2' from generate_series(1, 25) n;
update enrollments set status = 'APPROVED' where subject_id = 's1' or user_id = (
    select id from users where clerk_id = 'user_123');
update subjects set mentor_id = (select id from users where clerk_id = 'user_mentor')
where id <> 's40';
insert into notes (id, user_id, topic_id, content, search_key, shared_with_mentor, shared_at)
select 'n' || n, 'u' || n, 't1', 'x', 'x', true, now() from generate_series(1, 25) n;
insert into notes (id, user_id, topic_id, content, search_key)
select 'own' || n, id, 't' || n, 'x', 'x' from users, generate_series(1, 25) n
where clerk_id = 'user_123';
insert into webhook_endpoints (id, subject, url, description, events, is_active)
select 'w' || n, 'user:' || id, 'https://hooks.example', '', '{*}', false
from users, generate_series(1, 25) n where clerk_id = 'user_admin';
insert into outbox (id, type, data) select 'event' || n, 'ping', '{}' from generate_series(1, 25) n;
insert into webhook_deliveries (id, endpoint_id, event_id, event_type, status, next_attempt_at)
select 'd' || n, 'w1', 'event' || n, 'ping', 'FAILED', null from generate_series(1, 25) n;
insert into notifications (id, user_id, type, data)
select 'own' || n, id, 'topic.published', jsonb_build_object('subjectId', 's1', 'topicId', 't' || n)
from users, generate_series(1, 25) n where clerk_id = 'user_123';
insert into audit_log (action, resource) select 'x', 'y' from generate_series(1, 25);
"""


class Read(NamedTuple):
    """`most` statements, the look-up of the caller included."""

    path: str
    as_: str | None
    most: int


LISTS = {
    "list_users": Read("/api/users", "admin", 2),
    "list_audit_entries": Read("/api/admin/audit", "admin", 2),
    "list_levels": Read("/api/education/levels", None, 1),
    "list_grades": Read("/api/education/levels/l1/grades", None, 1),
    "list_subjects": Read("/api/education/grades/g1/subjects", "learner", 2),
    "list_topics": Read("/api/education/subjects/s1/topics", "admin", 2),
    # Whether the caller may read the topic decides between 403, 404 and an empty list.
    "list_documents": Read("/api/education/topics/t1/documents", "admin", 3),
    "list_deleted": Read("/api/admin/education/deleted", "admin", 2),
    "list_my_enrollments": Read("/api/enrollment/me", "learner", 2),
    "list_pending_enrollments": Read("/api/admin/enrollment/pending", "admin", 2),
    "list_my_progress": Read("/api/progress/me", "learner", 2),
    "list_my_notes": Read("/api/notes", "learner", 2),
    "list_shared_notes": Read("/api/mentor/notes", "mentor", 2),
    "list_taught_subjects": Read("/api/mentor/subjects", "mentor", 2),
    # Whether the caller teaches the subject decides between 403, 404 and an empty list.
    "list_subject_learners": Read("/api/mentor/subjects/s1/learners", "mentor", 3),
    # Whether the figures are rolled up decides where they are read.
    "list_completion": Read("/api/analytics/completion", "admin", 4),
    "list_webhook_endpoints": Read("/api/integrations/webhooks", "admin", 2),
    # Whether the endpoint is the caller's decides between 404 and an empty list.
    "list_webhook_deliveries": Read("/api/integrations/webhooks/w1/deliveries", "admin", 3),
    "list_enrollments": Read("/api/admin/enrollment", "admin", 2),
    "list_applications": Read("/api/admin/mentor", "admin", 2),
    "list_notifications": Read("/api/notifications", "learner", 2),
    "list_my_applications": Read("/api/mentor/applications/me", "learner", 2),
    "list_pending_applications": Read("/api/admin/mentor/pending", "admin", 2),
}
READS = {
    "count_unread_notifications": Read("/api/notifications/unread-count", "learner", 2),
    "get_profile": Read("/api/auth/profile", "learner", 2),
    "get_user": Read("/api/users/u1", "admin", 2),
    "get_topic": Read("/api/education/topics/t1", "admin", 2),
    "get_progress": Read("/api/progress/topics/t1", "learner", 2),
    "get_my_subject_progress": Read("/api/progress/me/subjects/s1", "learner", 3),
    "get_note": Read("/api/notes/topics/t1", "learner", 3),
    "get_quota": Read("/api/auth/quota", "learner", 2),
    "live": Read("/health/live", None, 0),
}

# What learners and visitors open, with 25 of everything.
PAGES = (
    *(
        "/home",
        "/home?grade=g1",
        "/topics/t1",
        "/topics/t1?play=1",
        "/subjects/s1",
        "/subjects/s40",
    ),
    *("/browse", "/browse/levels/l1", "/browse/grades/g1", "/search?q=topic", "/search"),
    *("/requests", "/notes", "/notes?q=x", "/notifications", "/mentor/apply", "/me", "/developers"),
)


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    with logged_database() as log:
        yield log


@pytest.fixture(scope="module")
def api(log: Log, start_server: StartServer) -> Server:
    api = start_server(database_url=log.url)
    for who in ("admin", "mentor", "learner"):
        assert api.get("/api/auth/profile", as_=who).status_code == 200
    with psycopg.connect(log.url, autocommit=True) as db:
        db.execute(SCHOOL.encode())
        db.execute("update users set plan = 'ENTERPRISE'")
    return api


def asked(api: Server, log: Log, read: Read) -> tuple[httpx2.Response, list[str]]:
    """The answer, and what PostgreSQL was asked for it by a server that is warm."""
    api.get(f"{read.path}{'&' if '?' in read.path else '?'}warm=1", as_=read.as_)
    log.new()
    answer = api.get(read.path, as_=read.as_)
    assert answer.status_code == 200, answer.text
    return answer, log.new()


def test_the_log_drops_the_transactions_of_background_work(log: Log) -> None:
    ordinary = ["BEGIN", "select 1", "COMMIT"]
    with psycopg.connect(log.url, autocommit=True, application_name="akako 0") as db:
        log.new()
        for statement in (*ordinary, "select 2", "BEGIN", claims.HOLD, "select 3", "COMMIT"):
            db.execute(statement.encode())
        db.execute(distribution.ANY_ENDPOINT.encode())
        assert log.new() == [*ordinary, "select 2"]


@pytest.mark.parametrize(("statement", "returned"), [(claims.HOLD, False), ("select 1", True)])
def test_the_log_returns_a_transaction_once_it_has_ended(
    log: Log, statement: str, returned: bool
) -> None:
    with psycopg.connect(log.url, autocommit=True, application_name="akako 0") as db:
        log.new()
        db.execute("BEGIN")
        assert log.new() == []
        db.execute(statement.encode())
        assert log.new() == []
        db.execute("COMMIT")
        assert log.new() == (["BEGIN", statement, "COMMIT"] if returned else [])


async def test_the_log_drops_what_is_asked_once_for_a_connection(log: Log) -> None:
    ordinary = ["select 1", "select '{[1,2)}'::int4multirange"]  # a type that is looked up
    log.new()
    pool = Pool(log.url, size=1)
    for statement in ordinary:
        await pool.fetchval(statement)
    await pool.close()
    assert log.new() == ordinary


def test_no_list_is_forgotten() -> None:
    assert {each.name for each in rooms.endpoints() if each.listing} == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_once_however_long_it_is(api: Server, log: Log, name: str) -> None:
    read = LISTS[name]
    short, few = asked(api, log, read._replace(path=f"{read.path}?limit=1"))
    long, many = asked(api, log, read._replace(path=f"{read.path}?limit=100"))
    assert len(short.json()["data"]) == 1
    assert len(long.json()["data"]) >= MANY
    assert len(many) == len(few)
    # Public responses may come from the cache, without a statement.
    least = 1 if read.as_ else 0
    assert least <= len(many) <= read.most, many


@pytest.mark.parametrize("name", READS)
def test_a_read_asks_once_beside_the_callers_own_look_up(api: Server, log: Log, name: str) -> None:
    _, statements = asked(api, log, READS[name])
    assert len(statements) <= READS[name].most, statements


def test_an_enrollment_request_is_one_short_transaction(api: Server, log: Log) -> None:
    for number in range(30, 33):
        log.new()
        body = {"subjectId": f"s{number}"}
        answer = api.post("/api/enrollment/request", as_="learner", json=body)
        assert answer.status_code == 201, answer.text
    statements = log.new()
    # The caller, begin, the enrollment, its audit row and event, the administrators and their
    # notifications, the caller again, commit, and perhaps a lease.
    assert len(statements) <= 9, statements
    assert sum(each.startswith("BEGIN") for each in statements) == 1
    assert statements[-1].startswith("COMMIT")


def test_a_progress_update_is_one_confirmed_statement(api: Server, log: Log) -> None:
    for position in range(3):
        log.new()
        body = {"positionSeconds": position, "watched": [[0, position + 1]]}
        answer = api.put("/api/progress/topics/t1", as_="learner", json=body)
        assert answer.status_code == 200, answer.text
    statements = log.new()
    # The caller, and the update that confirms the caller's authority.
    assert len(statements) == 2, statements
    assert "confirm_actor" in statements[-1]


def test_counting_calls_needs_a_statement_for_many(api: Server, log: Log) -> None:
    for _ in range(3):
        api.get("/api/auth/profile", as_="learner")
    log.new()
    for _ in range(CALLS):
        assert api.get("/api/auth/profile", as_="learner").status_code == 200
    # 20 calls are leased at a time; a lease that lies idle is returned and taken anew.
    metering = log.new(metering=True)
    assert len(metering) <= CALLS // 20 + 2, metering


def test_a_learner_page_asks_at_most_six_times(api: Server, log: Log) -> None:
    browser = signed_in(api, "learner")
    for path in PAGES:
        statements = asked_by_page(browser, log, path)
        sys.stdout.write(f"{path}: {len(statements)} statements\n")
        assert len(statements) <= 6, (path, [each[:100] for each in statements])


def asked_by_page(browser: Visitor, log: Log, path: str) -> list[str]:
    """Return the statements of a page: of some tries the fewest, because jobs share the pool."""
    browser.get(path)  # warm
    tries: list[list[str]] = []
    while len(tries) < 5 and not any(len(each) <= 6 for each in tries):
        log.new()
        answer = browser.get(path)
        assert answer.status_code == 200, (path, answer.text)
        tries.append(log.new())
    return min(tries, key=len)
