"""`akako reconcile` brings every account up to date, because webhooks may never arrive."""

from __future__ import annotations

import io
import subprocess
import sys

from akako.dev.fake_clerk import FakeClerk
from akako.ops.progress import ProgressBar
from tests.conftest import StartServer
from tests.identity.people import add_person
from tests.parts.jobs import run_job
from tests.parts.server import Server


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "akako.cli", "reconcile", *arguments],
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def reconcile(server: Server, *arguments: str) -> dict[str, int]:
    done = command(server, *arguments)
    assert done.returncode == 0, done.stderr
    lines = [line.split(": ") for line in done.stdout.splitlines()]
    return {name: int(number) for name, number in lines}


def test_a_walk_over_all_users(server: Server, clerk: FakeClerk) -> None:
    for number in range(250):
        clerk.put_user(f"user_n{number}", f"n{number}@example.com", first_name="Ama")
    first = reconcile(server)
    assert first == {"seen": 250, "created": 250, "updated": 0, "deleted": 0, "conflicts": 0}
    again = reconcile(server)
    assert again == {"seen": 250, "created": 0, "updated": 0, "deleted": 0, "conflicts": 0}
    clerk.put_user("user_n1", "moved@example.com", updated_at=4_000_000_000_000)
    clerk.put_user("user_n2", "n2@example.com", banned=True, updated_at=4_000_000_000_000)
    del clerk.users["user_n3"]
    third = reconcile(server)
    assert third == {"seen": 249, "created": 0, "updated": 2, "deleted": 1, "conflicts": 0}
    with server.db() as db:
        rows = db.execute(
            "select clerk_id, email, status, deleted_at is null from users "
            "where clerk_id in ('user_n1', 'user_n2', 'user_n3') order by clerk_id"
        ).fetchall()
    assert rows == [
        ("user_n1", "moved@example.com", "ACTIVE", True),
        ("user_n2", "n2@example.com", "SUSPENDED", True),
        ("user_n3", None, "INACTIVE", False),
    ]


def test_two_people_who_swapped_addresses_end_up_right(server: Server, clerk: FakeClerk) -> None:
    clerk.put_user("user_a", "first@example.com", updated_at=1)
    clerk.put_user("user_b", "second@example.com", updated_at=1)
    reconcile(server)
    clerk.put_user("user_a", "third@example.com", updated_at=2)
    clerk.put_user("user_b", "first@example.com", updated_at=2)
    # The newcomer of the address comes first in this answer, before its old owner's change.
    synced = server.post("/api/auth/sync", json={"userId": "user_b"})
    assert synced.status_code == 200, synced.text
    with server.db() as db:
        rows = db.execute("select clerk_id, email from users order by clerk_id").fetchall()
    assert rows == [("user_a", "third@example.com"), ("user_b", "first@example.com")]


def test_rows_of_an_earlier_version_are_mended(server: Server, clerk: FakeClerk) -> None:
    """They hold addresses whose verification was not looked at, and no usernames."""
    for name, status in (("true", "verified"), ("false", "unverified")):
        clerk.put_user(f"user_{name}", f"{name}@example.com", email_status=status, username=name)
        add_person(
            server,
            clerk_id=f"user_{name}",
            email=f"{name}@example.com",
            clerk_updated_at=clerk.users[f"user_{name}"]["updated_at"],
        )
    assert reconcile(server)["updated"] == 2
    with server.db() as db:
        rows = db.execute(
            "select clerk_id, email, username, email_verified_at is not null, search_key "
            "from users order by clerk_id"
        ).fetchall()
    assert rows == [
        ("user_false", None, "false", False, "\n\nfalse"),
        ("user_true", "true@example.com", "true", True, "true@example.com\n\ntrue"),
    ]
    again = reconcile(server)
    assert (again["updated"], again["conflicts"]) == (0, 0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_operator_who_watches_sees_how_far_it_has_come() -> None:
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        bar = ProgressBar(stream, "users compared")
        for done, expected in ((1, 0), (1, 4), (2, 4), (9, 4)):
            bar.show(done, expected)
        bar.end()
    drawn = terminal.getvalue().removesuffix("\n").split("\r")[1:]
    assert [each.count("#") for each in drawn] == [0, 7, 15, 30]
    assert drawn[-1].endswith("] 9 users compared")
    assert log.getvalue() == ""


def test_while_clerk_is_away_it_says_so_and_changes_nothing(
    server: Server, clerk: FakeClerk
) -> None:
    clerk.put_user("user_a", "first@example.com")
    reconcile(server)
    clerk.fail("users", 500)
    done = command(server)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "akako: Service temporarily unavailable"
    assert active(server) == 1


def test_a_secret_key_of_another_instance_deletes_no_user(server: Server, clerk: FakeClerk) -> None:
    """Clerk then lists other people, and knows none of the school."""
    for number in range(40):
        clerk.put_user(f"user_n{number}", f"n{number}@example.com")
    reconcile(server)
    ours = dict(clerk.users)
    clerk.users.clear()
    clerk.put_user("user_stranger", "stranger@example.com")
    refused = command(server)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        "akako: at least 21 of 40 users are missing at Clerk, so none was deleted. Is "
        "AKAKO_CLERK_SECRET_KEY that of another instance? If the users are to be deleted, add "
        "--delete-any-number"
    )
    assert active(server) == 41
    assert 'akako_alerts_total{kind="users_missing"}' not in server.get("/metrics").text
    run_job(server, "identity.reconcile")
    assert 'akako_alerts_total{kind="users_missing"} 1.0' in server.get("/metrics").text
    assert active(server) == 41
    clerk.users.update(ours)
    assert reconcile(server)["deleted"] == 0
    clerk.users.clear()
    assert reconcile(server, "--delete-any-number")["deleted"] == 41


def test_a_twentieth_who_leave_a_large_school_are_deleted(server: Server, clerk: FakeClerk) -> None:
    for number in range(500):
        clerk.put_user(f"user_n{number}", f"n{number}@example.com")
    reconcile(server)
    for number in range(25):
        del clerk.users[f"user_n{number}"]
    assert reconcile(server)["deleted"] == 25


def test_the_people_of_development_stay_at_night(start_server: StartServer) -> None:
    """Its directory knows those of its data folder alone, not those of a restored school."""
    server = start_server()
    add_person(server, clerk_id="user_restored")
    before = active(server)
    run_job(server, "identity.reconcile")
    assert active(server) == before


def active(server: Server) -> int:
    with server.db() as db:
        (row,) = db.execute("select count(*) from users where deleted_at is null").fetchall()
    return int(row[0])
