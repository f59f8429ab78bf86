"""A deleted user leaves no personal data behind: not in any column of any table, nor in a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from tests.parts.files import read_files
from tests.parts.server import Server
from tests.uploads.tus import BYTES, VERSION, metadata
from tests.webhooks.conftest import Clerk, event, user
from tests.webhooks.tables import ERASED, ERASED_BY_ROOMS, STAY

WAIT_SECONDS = 30
COLUMNS = """
select t.table_name, c.column_name, c.data_type
from information_schema.tables t
join information_schema.columns c using (table_schema, table_name)
where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
order by 1, c.ordinal_position
"""


class Person(NamedTuple):
    """A user whose every text holds `mark`, and an administrator who writes about them."""

    clerk_id: str
    user_id: str
    email: str
    mark: str
    admin: str


class Requests:
    """Requests to the server of the fake Clerk, each with an idempotency key of its own."""

    def __init__(self, clerk: Clerk) -> None:
        self.clerk = clerk
        self.server: Server = clerk.server
        self.granted: list[str] = []

    def send(
        self, method: str, path: str, who: str, *, key: str | None = None, **kw: Any
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.clerk.fake.mint(who, ttl=600)}"}
        headers |= kw.pop("headers", {})
        if key:
            headers["Idempotency-Key"] = key
        return self.server.request(method, path, headers=headers, **kw)

    def done(self, method: str, path: str, who: str, **kw: Any) -> Any:
        answer = self.send(method, path, who, key=new_id(), **kw)
        assert answer.status_code in (200, 201), answer.text[:500]
        return answer.json()["data"]

    def sign_up(self, name: str, **fields: str) -> tuple[str, str]:
        """Create a user at Clerk and here: (Clerk id, internal id)."""
        clerk_id = f"user_{name}{new_id()}"
        email = fields.pop("email", f"{clerk_id}@example.com")
        self.clerk.fake.put_user(clerk_id, email, **fields)
        return clerk_id, self.done("GET", "/api/auth/profile", clerk_id)["id"]

    def grant(self, user_id: str, role: str) -> None:
        self.granted.append(new_id())
        with self.server.db() as db:
            db.execute(
                "insert into user_roles (id, user_id, role, effective_start) "
                "values (%s, %s, %s, now())",
                (self.granted[-1], user_id, role),
            )


@pytest.fixture
def requests(clerk: Clerk) -> Iterator[Requests]:
    requests = Requests(clerk)
    yield requests
    with clerk.server.db() as db:  # other tests of the package need to know all administrators
        sql = "update user_roles set effective_end = now() where id = any(%s)"
        db.execute(sql, [requests.granted])


def found(server: Server, mark: str) -> set[str]:
    """The columns of the database in which a text occurs."""
    with server.db() as db:
        columns = db.execute(COLUMNS).fetchall()
        assert len(columns) > 100
        return {
            f"{table}.{column}"
            for table, column, kind in columns
            if db.execute(_search(table, column, kind).encode(), [mark]).fetchone() != (0,)
        }


def _search(table: str, column: str, kind: str) -> str:
    if kind == "bytea":
        condition = f"position(convert_to(lower(%s), 'UTF8') in {column}) > 0"
    else:
        condition = f"strpos(lower({column}::text), lower(%s)) > 0"
    return f"select count(*) from {table} where {condition}"


def files_with(folder: Path, mark: str) -> list[str]:
    return [str(path) for path, content in read_files(folder) if mark.encode() in content]


def person_with_marks_everywhere(requests: Requests) -> Person:
    mark = f"mark{new_id()}"
    admin, admin_id = requests.sign_up("admin")
    requests.grant(admin_id, "ADMIN")
    email = f"{mark}@example.com"
    clerk_id, user_id = requests.sign_up("gone", email=email, first_name=mark, last_name=mark)
    person = Person(clerk_id, user_id, email, mark, admin)
    _write_requests(requests, person)
    _write_material(requests, person)
    _send_dead_letters(requests.clerk, person)
    refused = requests.send("GET", "/api/users", clerk_id, headers={"X-Request-Id": mark})
    assert refused.status_code == 403
    return person


def _write_requests(requests: Requests, person: Person) -> None:
    """Profile, enrollment and application, and what an administrator writes about them."""
    mark, who, admin = person.mark, person.clerk_id, person.admin
    picture = f"https://example.com/{mark}.png"
    profile = {"firstName": f"{mark}x", "imageUrl": picture}
    requests.done("PUT", "/api/auth/profile", who, json=profile, headers={"X-Request-Id": mark})
    requests.done("PUT", f"/api/users/{person.user_id}", admin, json={"lastName": f"{mark}y"})
    subject = _subject(requests, admin)
    cv = dict.fromkeys(("motivation", "qualifications", "experience"), f"I am {mark}")
    for verb in ("reject", None):
        ask = {"subjectId": subject, "message": f"I am {mark}"}
        asked = requests.done("POST", "/api/enrollment/request", who, json=ask)["id"]
        applied = requests.done("POST", "/api/mentor/apply", who, json=cv)["id"]
        if verb:
            reason = {"reason": f"Not {mark}"}
            requests.done("PUT", f"/api/admin/enrollment/{asked}/{verb}", admin, json=reason)
            requests.done("PUT", f"/api/admin/mentor/{applied}/{verb}", admin, json=reason)


def _subject(requests: Requests, admin: str) -> str:
    path = "/api/admin/education"
    level = requests.done("POST", f"{path}/levels", admin, json={"name": new_id()})["id"]
    grade = {"educationLevelId": level, "name": "1", "level": "primary"}
    grade_id = requests.done("POST", f"{path}/grades", admin, json=grade)["id"]
    subject = {"gradeId": grade_id, "name": "Mathematics"}
    return str(requests.done("POST", f"{path}/subjects", admin, json=subject)["id"])


def _write_material(requests: Requests, person: Person) -> None:
    """A subject that shows its mentor's name, and an upload that is never finished."""
    requests.grant(person.user_id, "MENTOR")
    subject = _subject(requests, person.admin)
    path, body = f"/api/admin/education/subjects/{subject}", {"mentorId": person.user_id}
    shown = requests.done("PUT", path, person.admin, json=body)
    assert person.mark in shown["mentor"]["firstName"]
    topic = {"subjectId": subject, "name": "Addition"}
    topic_id = requests.done("POST", "/api/admin/education/topics", person.clerk_id, json=topic)
    sent = metadata(
        kind="document",
        topicId=topic_id["id"],
        filename=f"{person.mark}.txt",
        filetype="text/plain",
        name=person.mark,
        description=person.mark,
    )
    headers = VERSION | BYTES | {"Upload-Metadata": sent, "Upload-Length": "1000"}
    content = person.mark.encode()
    begun = requests.send("POST", "/api/uploads", person.clerk_id, headers=headers, content=content)
    assert begun.status_code == 201, begun.text


def _send_dead_letters(clerk: Clerk, person: Person) -> None:
    untyped = {"id": person.clerk_id, "email_addresses": [], "x": person.mark}
    names = {"first_name": person.mark, "last_name": person.mark}
    for message in (
        event("not a type", untyped),
        event("user.updated", {"email": person.email}),
        event("user.updated", names),
        f"not JSON: {person.email}".encode(),
    ):
        assert clerk.send(message).json()["data"]["handled"] is False


def delete(clerk: Clerk, person: Person) -> None:
    data = {"id": person.clerk_id, "deleted": True}
    answer = clerk.send(event("user.deleted", data))
    assert answer.json()["data"] == {"received": True, "handled": True}


def test_a_deleted_user_leaves_nothing_personal(requests: Requests) -> None:
    server, clerk = requests.server, requests.clerk
    person = person_with_marks_everywhere(requests)
    other, other_id = requests.sign_up("stays", first_name="Stays")
    body = {"firstName": "Stayed"}
    requests.send("PUT", f"/api/users/{other_id}", person.admin, key="about-other", json=body)
    requests.send("PUT", f"/api/users/{person.user_id}", person.admin, key="about-gone", json=body)
    tables = {column.partition(".")[0] for column in found(server, person.mark)}
    assert tables == ERASED - {"user_roles"}
    assert files_with(server.folder, person.mark)

    delete(clerk, person)

    assert found(server, person.mark) == set()
    deadline = time.monotonic() + WAIT_SECONDS
    while left := files_with(server.folder, person.mark):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    path = f"/api/users/{person.user_id}"
    again = requests.send("PUT", path, person.admin, key="about-gone", json=body)
    assert (again.status_code, person.mark in again.text) == (404, False)
    # What concerns others is still there.
    path = f"/api/users/{other_id}"
    kept = requests.send("PUT", path, person.admin, key="about-other", json=body)
    assert kept.headers["idempotent-replayed"] == "true"
    assert requests.done("GET", "/api/auth/profile", other)["firstName"] == "Stayed"


def test_a_late_dead_letter_about_a_deleted_user_is_stored_without_its_body(
    requests: Requests,
) -> None:
    clerk_id, user_id = requests.sign_up("late")
    mark = f"mark{new_id()}"
    delete(requests.clerk, Person(clerk_id, user_id, "", mark, ""))
    late = {"id": clerk_id, "first_name": mark}
    message_id = requests.clerk.new_id()
    answer = requests.clerk.send(event("not a type", late), message_id=message_id)
    assert answer.json()["data"]["handled"] is False
    with requests.server.db() as db:
        sql = "select body from webhook_dead_letters where message_id = %s"
        assert db.execute(sql, [message_id]).fetchone() == (b"",)
    assert found(requests.server, mark) == set()


@pytest.mark.parametrize("table", ["enrollments", "mentor_applications"])
def test_a_request_that_commits_after_the_deletion_stores_no_text(
    requests: Requests, table: str
) -> None:
    """The row lock makes the request wait for the deletion, whichever of the two is first."""
    clerk_id, user_id = requests.sign_up("racing")
    admin, admin_id = requests.sign_up("admin")
    requests.grant(admin_id, "ADMIN")
    subject, mark = _subject(requests, admin), f"mark{new_id()}"
    columns = {
        "enrollments": ("subject_id, message", "%s, %s", (subject, mark)),
        "mentor_applications": ("motivation, experience", "%s, %s", (mark, mark)),
    }
    names, places, values = columns[table]
    delete(requests.clerk, Person(clerk_id, user_id, "", mark, ""))
    with requests.server.db() as db:
        sql = f"insert into {table} (id, user_id, {names}) values (%s, %s, {places})"
        db.execute(sql.encode(), (new_id(), user_id, *values))
    assert found(requests.server, mark) == set()


def test_every_table_is_erased_or_excused(clerk: Clerk) -> None:
    """A new table needs a line in the trigger that erases, or a reason here."""
    with clerk.server.db() as db:
        tables = {row[0] for row in db.execute(COLUMNS).fetchall()}
        sql = "select pg_get_functiondef('forget_what_was_written'::regproc)"
        row = db.execute(sql).fetchone()
    assert row is not None
    assert tables == ERASED | ERASED_BY_ROOMS | STAY.keys()
    assert not ERASED & STAY.keys()
    assert {table for table in ERASED if table not in row[0]} == {"users"}, "deleted by identity"
    assert all(STAY.values())


def test_a_user_event_without_a_deletion_erases_nothing(requests: Requests) -> None:
    clerk_id, _ = requests.sign_up("edited", first_name="Edited")
    requests.done("PUT", "/api/auth/profile", clerk_id, json={"lastName": "Kept"})
    answer = requests.clerk.send(event("user.updated", user(clerk_id, at=int(1e13))))
    assert answer.json()["data"]["handled"] is True
    with requests.server.db() as db:
        sql = "select count(*) from idempotency_keys k join users u on u.id = k.caller"
        kept = db.execute(f"{sql} where clerk_id = %s", [clerk_id]).fetchone()
    assert kept == (1,)
