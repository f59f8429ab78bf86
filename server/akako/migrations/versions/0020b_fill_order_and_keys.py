"""Compute positions and keys of existing rows, in batches that each commit on their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy
from alembic import op

from akako.education.queries import name_keys
from akako.identity.accounts import search_key
from akako.kernel.core.search_keys import fold
from akako.naming.sort_keys import person_sort_keys

revision = "0020b"
down_revision = "0020a"

BATCH = 500
NODES = ("education_levels", "grades", "subjects", "topics")
Row = Any
Keys = Callable[[Row], dict[str, str]]

# An interrupted run is repeated, so subjects that are ready keep an order chosen since.
SUBJECTS = """
select distinct subject_id as id from topics where position is null and subject_id > :after
order by 1 limit 20
"""
POSITIONS = """
update topics set position = placed.n from (
    select id, row_number() over (
        partition by subject_id order by (deleted_at is not null), created_at, id) - 1 as n
    from topics where subject_id = any(:ids)
) placed where topics.id = placed.id
"""


def _node(row: Row) -> dict[str, str]:
    return name_keys(row.name, row.description)


def _content(row: Row) -> dict[str, str]:
    return {"content_key": fold(row.content)}


def _user(row: Row) -> dict[str, str]:
    first, last = person_sort_keys(row.first_name, row.last_name, row.username)
    searched = search_key(row.email, row.first_name, row.last_name, row.username)
    return {"search_key": searched, "first_sort_key": first, "last_sort_key": last}


def _fill(db: sqlalchemy.Connection, table: str, columns: str, batch: int, keys: Keys) -> None:
    """Store the keys of all rows of a table, in the order of their ids.

    A row that changes after it was read is skipped, because its writer stored the keys.
    """
    read = f"select id, {columns} from {table} where id > :after order by id limit :batch"
    after = ""
    while rows := db.execute(sqlalchemy.text(read), {"after": after, "batch": batch}).all():
        new = [keys(row) for row in rows]
        values = {name: [each[name] for each in new] for name in new[0]}
        read_values = {
            f"read_{name}": [getattr(row, name) for row in rows] for name in _names(columns)
        }
        values |= {"id": [row.id for row in rows], **read_values}
        db.execute(sqlalchemy.text(_update(table, list(new[0]), _names(columns))), values)
        after = rows[-1].id


def _names(columns: str) -> list[str]:
    return columns.split(", ")


def _update(table: str, new: list[str], read: list[str]) -> str:
    names = ["id", *new, *(f"read_{name}" for name in read)]
    arrays = ", ".join(f"cast(:{name} as text[])" for name in names)
    sets = ", ".join(f"{name} = filled.{name}" for name in new)
    same = "".join(f" and kept.{name} is not distinct from filled.read_{name}" for name in read)
    return f"""
    update {table} kept set {sets} from unnest({arrays}) as filled ({", ".join(names)})
    where kept.id = filled.id {same}
    """


def _place(db: sqlalchemy.Connection) -> None:
    after = ""
    while ids := db.execute(sqlalchemy.text(SUBJECTS), {"after": after}).scalars().all():
        db.execute(sqlalchemy.text(POSITIONS), {"ids": list(ids)})
        after = ids[-1]


def upgrade() -> None:
    context = op.get_context()
    if context.as_sql:
        return
    with context.autocommit_block():
        db = op.get_bind()
        _place(db)
        for table in NODES:
            _fill(db, table, "name, description", BATCH, _node)
        _fill(db, "topics", "content", 20, _content)
        _fill(db, "users", "email, first_name, last_name, username", BATCH, _user)
