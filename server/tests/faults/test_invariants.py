"""The invariants hold for a school that works, and each of them notices what breaks it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from akako.backends.objects.folder_store import FolderStore
from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.attempts import SECRET, all_attempts, ask, ask_again, judge
from tests.library.school import objects
from tests.parts.server import Server

AUDIT = "update audit_log set at = at - interval '1 second' where action = "
BREAKING = {
    "a file without an audit entry of its upload": AUDIT + "'document.uploaded'",
    "a topic that miscounts its documents": "update topics set document_count = 7",
    "a role without its decision": AUDIT + "'user_role.assigned'",
    "a role revoked by an unknown user": "update user_roles set revoked_by = 'user_x'",
    "an approved application without its role": "delete from user_roles where role = 'MENTOR'",
    "a decision without its record": AUDIT + "'enrollment.approved'",
    "a record of a decision that was not made": (
        "update enrollments set status = 'REJECTED', decided_at = now() - interval '1 day'"
    ),
    "an audited action without its event": "delete from outbox where type like 'video%'",
    "a notification of another decision than the present one": (
        "update notifications set type = 'enrollment.rejected' where type = 'enrollment.approved'"
    ),
    "a completion without its event": """
        insert into topic_progress (user_id, topic_id, completed_at, first_completed_at)
        select u.id, t.id, now(), now() from users u, topics t limit 1""",
    "a message that was half applied": "update webhook_messages set type = null",
    "an account without a role": "delete from user_roles where role = 'LEARNER'",
    "a finished upload without its result": """
        insert into resumable_uploads (id, user_id, kind, topic_id, size, received, file_name, told,
            result_id, expires_at)
        select 'x', u.id, 'document', t.id, 1, 1, 'x', 'x', 'x', now() + interval '1 day'
        from users u, topics t limit 1""",
    "uploads that were counted wrongly": (
        "update usage_counters set used = used + 1 where kind = 'file_uploads'"
    ),
    "a school without an administrator": "update users set status = 'SUSPENDED'",
    "a file without its object": "update documents set storage_key = 'documents/a/b'",
    "an object that is not what its row says": "update documents set size = size + 1",
    "an object that was given up and not removed": (
        "insert into procrastinate_jobs (queue_name, task_name, args, scheduled_at) values "
        "('default', 'library.clean_up', '{\"key\": \"documents/a/b\"}', now() + interval '1 day')"
    ),
}


@pytest.fixture(scope="module")
def calls() -> dict[str, int]:
    """How many calls of whom are to be on the count."""
    return {}


@pytest.fixture(scope="module")
def api(start_server: StartServer, calls: dict[str, int]) -> Server:
    """A school in which everything was done once, and done again where that changes nothing."""
    server = start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})
    attempts = all_attempts(server)

    async def do() -> None:
        answers = await ask(server, attempts)
        assert all(answers)
        judge(attempts, answers)
        await ask_again(server, attempts)

    asyncio.run(do())
    invariants.check(server)  # which also removes what replaced files left behind
    calls[server.user_id("admin")] = len(attempts) - 1
    return server


@pytest.fixture(scope="module")
def store(api: Server) -> FolderStore:
    return FolderStore(api.folder / "files")


def test_they_hold_when_nothing_is_wrong(api: Server, calls: dict[str, int]) -> None:
    invariants.check(api, calls=calls)


@pytest.mark.parametrize("what", BREAKING)
def test_what_is_broken_is_noticed(api: Server, store: FolderStore, what: str) -> None:
    assert invariants.violations(api, store) == []
    with api.db() as db, db.transaction(force_rollback=True):
        db.execute(BREAKING[what])
        found = invariants.violations_in(db, store)
    assert [each for each in found if each.startswith(f"{what}: ") or each == what]
    assert invariants.violations(api, store) == []


def test_every_rule_is_tried() -> None:
    assert set(invariants.BROKEN) <= set(BREAKING)


def test_a_foreign_and_a_changed_object_are_noticed(api: Server, store: FolderStore) -> None:
    key = next(iter(objects(api)))
    path = Path(str(store.local_path(key)))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")
    assert invariants.violations(api, store) == [f"an object that is not what its row says: {key}"]
    path.write_bytes(content)
    stray = path.with_name("stray")
    stray.write_bytes(b"?")
    (found,) = invariants.violations(api, store)
    assert found.startswith("an object without its row: ")
    stray.unlink()
