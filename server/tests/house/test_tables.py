"""Each table is read and written by one package; every exception has a reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.project import SERVER

OWNERS = {
    "audit_log": "kernel",
    "outbox": "kernel",
    "idempotency_keys": "kernel",
    "users": "identity",
    "user_roles": "identity",
    "user_tombstones": "identity",
    "ended_sessions": "identity",
    "organizations": "plans",
    "usage_counters": "plans",
    "education_levels": "education",
    "grades": "education",
    "subjects": "education",
    "topics": "education",
    "documents": "library",
    "pending_objects": "storage",
    "cleanup_queue": "storage",
    "resumable_uploads": "uploads",
    "enrollments": "enrollment",
    "mentor_applications": "mentors",
    "webhook_messages": "webhooks",
    "webhook_dead_letters": "webhooks",
}

ERASES = "one statement erases the personal data of a deleted user from every table"
NAMES = "a list shows the names of people or subjects beside its own rows, in one statement"
SHARES = "commands and metrics for operators read and change what other packages own"
READS: dict[tuple[str, str], str] = {
    ("users", "authority"): "locks the caller's account before a write is committed",
    ("users", "education"): NAMES,
    ("users", "enrollment"): NAMES,
    ("users", "mentors"): NAMES,
    ("users", "kernel"): "resolves the Clerk id of a caller who was rejected before loading",
    ("users", "ops"): SHARES,
    ("user_roles", "ops"): SHARES,
    ("user_roles", "education"): "a mentor is assigned only while the role is in effect",
    ("user_roles", "mentors"): "an applicant's roles are shown with the application",
    ("user_tombstones", "webhooks"): "an event of a deleted user is not applied",
    ("organizations", "identity"): "the plan of a caller is loaded with the account",
    ("documents", "education"): "counts the documents of a node, in one statement",
    ("documents", "ops"): SHARES,
    ("documents", "storage"): "finds objects that no row refers to",
    ("topics", "storage"): "finds objects that no row refers to",
    ("topics", "library"): "the columns of a video are in its topic's row",
    ("enrollments", "education"): "shows the caller's enrollment with a subject",
    ("enrollments", "visibility"): "a learner reads the content of approved subjects",
    ("subjects", "enrollment"): NAMES,
    ("education_levels", "ops"): "the demonstration school is created in an empty school only",
    ("cleanup_queue", "backup"): "keeps the objects of a backup until it is complete",
    ("pending_objects", "backup"): "keeps the objects of a backup until it is complete",
    ("pending_objects", "ops"): SHARES,
    ("resumable_uploads", "storage"): "finds objects that no row refers to",
    ("webhook_dead_letters", "ops"): SHARES,
}
WRITES: dict[tuple[str, str], str] = {
    ("audit_log", "identity"): ERASES,
    ("outbox", "identity"): ERASES,
    ("organizations", "ops"): SHARES,
    ("users", "ops"): SHARES,
    ("topics", "library"): "the columns of a video are in its topic's row",
    ("ended_sessions", "webhooks"): "Clerk reports the end of a session",
}

TABLE = re.compile(
    r"\b(?P<verb>from|join|using|insert\s+into|update|delete\s+from)\s+(?:only\s+)?(?P<table>[a-z_]+)\b",
    re.IGNORECASE,
)


def strings(path: Path) -> Iterator[str]:
    """Yield the constant strings of a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.value


def uses(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the tables that a statement names, and whether it writes them."""
    for match in TABLE.finditer(text):
        if match["table"] in OWNERS:
            yield match["table"], match["verb"].lower() not in {"from", "join", "using"}


def foreign_uses() -> set[tuple[str, str, bool]]:
    found = set()
    for path in sorted(SERVER.rglob("*.py")):
        package = path.relative_to(SERVER).parts[0]
        if package == "migrations":
            continue
        for text in strings(path):
            for table, writes in uses(text):
                if package != OWNERS[table]:
                    found.add((table, package, writes))
    return found


def test_a_statement_names_the_tables_that_it_reads_and_writes() -> None:
    text = "with gone as (delete from users returning id) insert into outbox select from documents"
    assert list(uses(text)) == [("users", True), ("outbox", True), ("documents", False)]


def test_every_table_has_one_package() -> None:
    found = foreign_uses()
    allowed = {(*each, False) for each in READS} | {(*each, True) for each in WRITES}
    assert sorted(found - allowed) == []
    assert sorted(allowed - found) == [], "exceptions that no module needs any more"
