"""A database that an older release filled is migrated beside its traffic, and then serves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.education.queries import name_keys
from akako.kernel.core.ids import new_id
from akako.migrations.run import migrate
from akako.migrations.steps import SCRIPTS, revisions
from akako.naming.sort_keys import person_sort_keys
from tests.conftest import StartServer
from tests.migrations.rules import faults
from tests.migrations.test_stairway import missing, written
from tests.parts.awake import AwakeClock
from tests.parts.postgres import create_database, drop_database
from tests.parts.server import Server
from tests.upgrade.schools import NAMES, SUBJECT, TOPICS, load, revision
from tests.web.visitor import signed_in

# As servers of the old release write: they know none of the newer columns.
WRITES = (
    "update users set first_name = 'Name' || %(n)s where clerk_id = 'user_mentor'",
    "insert into topics (id, name, name_key, subject_id) "
    "select %(id)s, 'Late ' || %(n)s, 'late ' || %(n)s, id from subjects where name = %(subject)s",
    "insert into audit_log (action, resource, resource_id) values ('made', 'topic', %(id)s)",
    "insert into outbox (id, type, data) values (%(id)s, 'topic.created', '{}')",
    "update usage_counters set used = used + 1",
)
TRIES = 3
LONGEST_WAIT = 5.0  # a request waits for a statement as long as that
# What no release before this one stored.
NEW_TABLES = ("topic_progress", "notes", "notifications", "web_sessions", "webhook_endpoints")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def old(postgres: EmbeddedPostgres, name: str) -> Iterator[str]:
    url = create_database(postgres.url, f"upgrade_{new_id()}")
    load(name, url)
    yield url
    drop_database(url)


class Traffic:
    """What one writer saw: how many writes, the longest of them in seconds, and errors."""

    def __init__(self, url: str, clock: AwakeClock) -> None:
        self._url = url
        self._clock = clock
        self.done = threading.Event()
        self.writes = 0
        self.longest = 0.0
        self.errors: list[str] = []

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as db:
            while not self.done.is_set() or self.writes < len(WRITES):
                values = {"n": self.writes, "id": new_id(), "subject": SUBJECT}
                started = self._clock()
                try:
                    self._write(db, WRITES[self.writes % len(WRITES)].encode(), values)
                except psycopg.Error as error:
                    self.errors.append(repr(error))
                self.longest = max(self.longest, self._clock() - started)
                self.writes += 1
                time.sleep(0.005)

    def _write(self, db: psycopg.Connection, sql: bytes, values: dict[str, object]) -> None:
        """As servers do: a statement that PostgreSQL ended to resolve a deadlock is tried again."""
        for _ in range(TRIES - 1):
            with suppress(psycopg.errors.DeadlockDetected):
                db.execute(sql, values)
                return
        db.execute(sql, values)


@contextmanager
def traffic(url: str, clock: AwakeClock) -> Iterator[Traffic]:
    made = Traffic(url, clock)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.done.set()
        thread.join()


def test_the_dump_has_rows_in_the_tables_of_people_material_and_decisions(old: str) -> None:
    filled = {
        "users", "user_roles", "user_tombstones", "organizations", "usage_counters", "subjects",
        "topics", "documents", "resumable_uploads", "enrollments", "mentor_applications",
        "audit_log", "outbox", "idempotency_keys", "webhook_messages", "webhook_dead_letters",
        "ended_sessions",
    }  # fmt: skip
    with psycopg.connect(old, autocommit=True) as db:
        rows = written(db)
    assert [table for table in sorted(filled) if not rows[table]] == []


def test_it_is_migrated_beside_the_traffic_of_the_old_release(
    old: str, name: str, awake: AwakeClock
) -> None:
    with psycopg.connect(old, autocommit=True) as db:
        before = written(db)
    with traffic(old, awake) as seen:
        assert migrate(old) == (revision(name), revisions()[-1])
    assert seen.errors == []
    assert seen.longest < LONGEST_WAIT
    with psycopg.connect(old, autocommit=True) as db:
        after = written(db)
        late = db.execute("select position from topics where name like 'Late %' order by id")
        positions = [row[0] for row in late]
    # Traffic changed the mentor and the counters; who assigned a role got an id of ours.
    changed = {"usage_counters", "users", "user_roles"}
    assert missing({k: rows for k, rows in before.items() if k not in changed}, after) == []
    assert [len(after[each]) for each in changed] == [len(before[each]) for each in changed]
    assert None not in positions
    assert len(set(positions)) == len(positions)


def test_its_revisions_keep_the_rules(name: str) -> None:
    paths = (SCRIPTS / "versions").glob("[0-9]*.py")
    newer = [path for path in sorted(paths) if path.name.partition("_")[0] > revision(name)]
    assert len(newer) >= 10
    assert [fault for path in newer for fault in faults(path)] == []


def test_its_data_is_right_afterwards(old: str, name: str) -> None:
    migrate(old)
    with psycopg.connect(old, autocommit=True) as db:
        topics = "select t.name from topics t join subjects s on s.id = t.subject_id "
        topics += "where s.name = %s and t.deleted_at is null order by t.position"
        assert [row[0] for row in db.execute(topics.encode(), [SUBJECT])] == TOPICS
        for table in ("education_levels", "grades", "subjects", "topics"):
            sql = f"select name, description, sort_key, search_key from {table}"
            rows = db.execute(sql.encode()).fetchall()
            assert rows
            for shown, description, sort_key, search_key in rows:
                keys = {"sort_key": sort_key, "search_key": search_key}
                assert keys == name_keys(shown, description), shown
        people = db.execute(
            "select first_name, last_name, username, first_sort_key, last_sort_key from users "
            "where deleted_at is null"
        ).fetchall()
        for first, last, username, *found in people:
            assert tuple(found) == person_sort_keys(first, last, username)
        # Only the newer of the two knew names of accounts.
        names = {username for _, _, username, *_ in people if username}
        assert names == ({"kofi_m"} if name == "schema_0017" else set())
        for table in NEW_TABLES:
            assert db.execute(f"select count(*) from {table}".encode()).fetchone() == (0,)
        # An administrator assigned roles by an id of the identity provider.
        foreign = "select count(*) from user_roles where assigned_by like 'user\\_%'"
        assert db.execute(foreign).fetchone() == (0,)


def test_the_api_and_the_pages_serve_it(old: str, start_server: StartServer) -> None:
    api = start_server(database_url=old, arguments=("--migrate",))
    try:
        check_school(api)
    finally:
        api.close()  # before its database is dropped


def check_school(api: Server) -> None:
    """The lists have the new order, and the learner whom the old release enrolled learns on."""
    (subject,) = api.get("/api/search?q=upgraded+subject&type=subject").json()["data"]
    topics = api.get(f"/api/education/subjects/{subject['id']}/topics").json()["data"]
    found = [(each["name"], each["position"]) for each in topics]
    assert found == [(name, position) for position, name in enumerate(TOPICS)]
    level = api.get("/api/education/levels?search=Upgraded").json()["data"][0]["id"]
    grades = api.get(f"/api/education/levels/{level}/grades?sort=name&order=asc").json()["data"]
    assert [each["name"] for each in grades] == ["Grade 1", "Grade 2", "Grade 10"]
    people = api.get("/api/users?search=oberg", as_="admin").json()["data"]
    assert [each["firstName"] for each in people] == ["Åda"]
    learn(api, topics[1]["id"])


def learn(api: Server, topic: str) -> None:
    ada = "user_ada"
    assert api.get("/api/progress/me", as_=ada).json()["data"][0]["topicsCompleted"] == 0
    done = api.put(f"/api/progress/topics/{topic}", as_=ada, json={"markedDone": True})
    assert done.json()["data"]["status"] == "COMPLETED"
    note = {"content": "After the upgrade", "sharedWithMentor": True}
    assert api.put(f"/api/notes/topics/{topic}", as_=ada, json=note).status_code == 201
    assert api.get("/api/notifications/unread-count", as_="mentor").json()["data"]["count"] >= 1
    shared = api.get("/api/mentor/notes", as_="mentor").json()["data"]
    assert [each["content"] for each in shared] == ["After the upgrade"]
    page = signed_in(api, ada).get(f"/topics/{topic}")
    assert page.status_code == 200
    assert "After the upgrade" in page.text
