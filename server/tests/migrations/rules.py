"""What a revision may do to a database that is being used: nothing that keeps others out for long,
and nothing that the code of the release before cannot live with.

A revision that must break a rule says so in the statement: `/* allowed: reason */`.
"""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

from alembic.migration import MigrationContext
from alembic.operations import Operations

# The first release contains these, so there is no older data.
FOUNDING = "0008"
# Tables that stay small.
SMALL = {"education_levels", "grades", "alembic_version"}
ALLOWED = re.compile(r"/\* allowed: \w.*?\*/", re.DOTALL)
# Constant for all rows, or the same in a whole transaction.
STABLE = re.compile(r"default\s+(now\(\)|current_timestamp)", re.IGNORECASE)

FAULTS = {
    r"create (unique )?index (?!concurrently)(?P<new>.*)": "an index that is not made concurrently",
    r"reindex (?!.*concurrently)": "an index that is not rebuilt concurrently",
    r"add (column )?.*\bdefault\s+[\w.]+\s*\(": "a default that is computed anew for every row",
    r"\bgenerated always as \(": "a column that is computed for every row",
    r"\balter (column )?\w+ (set data )?type\b": "another type, which writes every row anew",
    r"\balter (column )?\w+ set not null": "a search of all rows: use a check, validated later",
    r"add (constraint \w+ )?(check|foreign key)(?!.*not valid)": "a check without `not valid`",
    r"add (column )?\w+ .*\breferences\b": "a reference that is checked at once",
    r"add (constraint \w+ )?(unique|primary key|exclude)(?!.*using index)": "an index made at once",
    r"^\s*(update|delete from) ": "rows changed in bulk: leave it to a job, in portions",
    r"^\s*(lock|vacuum full|cluster)\b": "a lock on a whole table",
}
TAKEN = r"\b(drop (table|column)|rename (column|to|constraint)?|drop not null|drop type)\b"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"revision_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def statements(module: ModuleType) -> list[str]:
    """Return the SQL of a revision, as Alembic writes it in offline mode."""
    out = io.StringIO()
    options = {"as_sql": True, "output_buffer": out}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        module.upgrade()
    text = re.sub(r"--[^\n]*", "", out.getvalue())
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def faults(path: Path) -> list[str]:
    """What is wrong with a revision."""
    module = load(path)
    found = []
    sql = statements(module)
    new = {
        made[1] for each in sql if (made := re.match(r"create table (\w+)", each, re.IGNORECASE))
    }
    online = any("concurrently" in each.lower() for each in sql)
    others = [each for each in sql if not re.match(r"(begin|commit|set)\b", each, re.IGNORECASE)]
    if online and not all("concurrently" in each.lower() for each in others):
        found.append("an index is made concurrently, which must be all that its revision does")
    for statement in others:
        if not ALLOWED.search(statement) and not _about(statement, new | SMALL):
            found += _faults(statement, announced=hasattr(module, "oldest_code"))
    return [f"{path.name}: {fault}" for fault in found]


def _about(statement: str, tables: set[str]) -> bool:
    named = re.search(
        r"(?:alter table(?: only| if exists)*|\bon|^update|^delete from) (\w+)",
        statement,
        re.IGNORECASE,
    )
    return bool(named and named[1] in tables)


def _faults(statement: str, *, announced: bool) -> list[str]:
    line = " ".join(STABLE.sub("", statement).split())
    found = [
        f"{why}: {line[:80]}"
        for pattern, why in FAULTS.items()
        if re.search(pattern, line, re.IGNORECASE)
    ]
    if re.search(TAKEN, line, re.IGNORECASE) and not announced:
        found.append(f"something taken away, and no `oldest_code` that does without: {line[:80]}")
    return found
