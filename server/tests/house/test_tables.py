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
    "topic_progress": "learning",
    "notes": "notes",
    "activity_days": "activity",
    "notifications": "notifications",
    "topic_publications": "notifications",
    "analytics_days": "analytics",
    "analytics_medians": "analytics",
    "analytics_open_days": "analytics",
    "analytics_state": "analytics",
    "analytics_subjects": "analytics",
    "enrollment_moments": "analytics",
    "removed_videos": "library",
    "usage_callers": "plans",
    "usage_days": "plans",
    "media_link_key": "medialinks",
    "web_keys": "web",
    "web_sessions": "web",
    "web_sign_ins": "web",
    "webhook_deliveries": "dispatch",
    "webhook_endpoints": "integrations",
    "webhook_secrets": "integrations",
}

ERASES = "one statement erases the personal data of a deleted user from every table"
NAMES = "a list shows the names of people or subjects beside its own rows, in one statement"
SHARES = "commands and metrics for operators read and change what other packages own"
FIGURES = "figures are computed from the sources, and totals are kept with them"
RENAMES = "a document is renamed together with the time of change of its topic"
PAGE = "a page shows rows of several packages in one statement"
ADDRESSEES = "the readers of a notification are found in the statement that writes it"
PROGRESS = "progress is counted over the visible topics of approved subjects, in one statement"
MATCHES = "one statement searches subjects and topics"
DELIVERY = "a delivery belongs to an event, an endpoint and an administrator"
ORDER = "ordering and restoring change the rows of the curriculum"
REOPENS = "reopening an approval takes back the role and the subjects"
HISTORY = "the history of the demonstration school is written in bulk, one statement per table"
CREATORS = "the plan of a webhook endpoint is that of its creator"
RETENTION = "a job of the operator deletes old entries, and a user exports their own"
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
    ("topics", "documents"): "the columns of a video are in its topic's row",
    ("enrollments", "education"): "shows the caller's enrollment with a subject",
    ("enrollments", "visibility"): "a learner reads the content of approved subjects",
    ("subjects", "enrollment"): NAMES,
    ("education_levels", "ops"): "the demonstration school is created in an empty school only",
    ("cleanup_queue", "backup"): "keeps the objects of a backup until it is complete",
    ("pending_objects", "backup"): "keeps the objects of a backup until it is complete",
    ("pending_objects", "ops"): SHARES,
    ("resumable_uploads", "storage"): "finds objects that no row refers to",
    ("webhook_dead_letters", "ops"): SHARES,
    ("activity_days", "analytics"): FIGURES,
    ("audit_log", "ops"): RETENTION,
    ("outbox", "ops"): RETENTION,
    ("audit_log", "analytics"): FIGURES,
    ("audit_log", "curriculum"): ORDER,
    ("documents", "analytics"): FIGURES,
    ("documents", "learning"): PROGRESS,
    ("documents", "documents"): RENAMES,
    ("documents", "web"): PAGE,
    ("education_levels", "web"): PAGE,
    ("grades", "web"): PAGE,
    ("grades", "enrollment"): NAMES,
    ("mentor_applications", "web"): PAGE,
    ("notifications", "web"): PAGE,
    ("usage_callers", "web"): PAGE,
    ("usage_days", "web"): PAGE,
    ("webhook_endpoints", "ops"): SHARES,
    ("enrollments", "analytics"): FIGURES,
    ("enrollments", "learning"): PROGRESS,
    ("enrollments", "notifications"): ADDRESSEES,
    ("enrollments", "web"): PAGE,
    ("mentor_applications", "analytics"): FIGURES,
    ("outbox", "dispatch"): DELIVERY,
    ("outbox", "integrations"): DELIVERY,
    ("removed_videos", "analytics"): FIGURES,
    ("subjects", "mentors"): REOPENS,
    ("subjects", "notes"): NAMES,
    ("subjects", "web"): PAGE,
    ("topic_progress", "analytics"): FIGURES,
    ("topic_progress", "web"): PAGE,
    ("topics", "analytics"): FIGURES,
    ("topics", "curriculum"): ORDER,
    ("topics", "learning"): PROGRESS,
    ("topics", "notes"): NAMES,
    ("topics", "search"): MATCHES,
    ("topics", "web"): PAGE,
    ("usage_callers", "analytics"): FIGURES,
    ("usage_days", "analytics"): FIGURES,
    ("user_roles", "analytics"): FIGURES,
    ("user_roles", "notifications"): ADDRESSEES,
    ("user_roles", "plans"): CREATORS,
    ("users", "activity"): NAMES,
    ("users", "analytics"): FIGURES,
    ("users", "learning"): PROGRESS,
    ("users", "notes"): NAMES,
    ("users", "notifications"): ADDRESSEES,
    ("users", "plans"): CREATORS,
    ("users", "web"): PAGE,
    ("webhook_deliveries", "integrations"): DELIVERY,
    ("webhook_endpoints", "dispatch"): DELIVERY,
    ("webhook_secrets", "dispatch"): DELIVERY,
    ("subjects", "demo"): HISTORY,
    ("topics", "demo"): HISTORY,
}
WRITES: dict[tuple[str, str], str] = {
    ("documents", "documents"): RENAMES,
    ("topics", "documents"): RENAMES,
    ("audit_log", "identity"): ERASES,
    ("enrollments", "identity"): ERASES,
    ("mentor_applications", "identity"): ERASES,
    ("outbox", "identity"): ERASES,
    ("audit_log", "ops"): RETENTION,
    ("outbox", "ops"): RETENTION,
    ("organizations", "ops"): SHARES,
    ("users", "ops"): SHARES,
    ("topics", "library"): "the columns of a video are in its topic's row",
    ("ended_sessions", "webhooks"): "Clerk reports the end of a session",
    ("outbox", "dispatch"): DELIVERY,
    ("outbox", "integrations"): DELIVERY,
    ("removed_videos", "analytics"): FIGURES,
    ("topics", "curriculum"): ORDER,
    ("user_roles", "mentors"): REOPENS,
    ("webhook_deliveries", "integrations"): DELIVERY,
    ("webhook_endpoints", "dispatch"): DELIVERY,
    ("activity_days", "demo"): HISTORY,
    ("audit_log", "demo"): HISTORY,
    ("enrollment_moments", "demo"): HISTORY,
    ("enrollments", "demo"): HISTORY,
    ("mentor_applications", "demo"): HISTORY,
    ("topic_progress", "demo"): HISTORY,
    ("usage_callers", "demo"): HISTORY,
    ("usage_counters", "demo"): HISTORY,
    ("usage_days", "demo"): HISTORY,
    ("user_roles", "demo"): HISTORY,
    ("users", "demo"): HISTORY,
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
