"""Filling tables with hundreds of thousands of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

INDEXES = """
select format('drop index %%s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
  and not exists (select from pg_constraint where conindid = i.indexrelid)
"""
# References and exclusions, and the keys to which no table refers.
CONSTRAINTS = """
select format('alter table %%s drop constraint %%I', conrelid::regclass, conname),
       format('alter table %%s add constraint %%I %%s', conrelid::regclass, conname,
              pg_get_constraintdef(oid))
       || case when contype = 'f' and %(trusted)s then ' not valid' else '' end
from pg_constraint c
where contype in ('f', 'x') and conrelid::regclass::text = any(%(tables)s)
   or contype in ('p', 'u') and conrelid::regclass::text = any(%(keys)s) and not exists (
        select from pg_constraint f where f.contype = 'f' and f.conindid = c.conindid
   )
"""


@contextmanager
def unindexed(
    db: psycopg.Connection[tuple[Any, ...]],
    tables: Collection[str],
    *,
    keys: Collection[str] = (),
    trusted: bool = False,
) -> Iterator[None]:
    """Drop the indexes and constraints of the tables, and create them again at the end.

    Created once, indexes take a fraction of the time that they need row by row.

    Args:
        db: a connection with autocommit.
        tables: the tables whose indexes, references and exclusions are dropped.
        keys: the tables whose keys are dropped, too. No trigger may look up their rows.
        trusted: whether references are created without a look at the rows.
    """
    given = {"tables": sorted(tables), "keys": sorted(keys), "trusted": trusted}
    later = [
        (str(without), str(within))
        for query in (CONSTRAINTS, INDEXES)
        for without, within in db.execute(query, given).fetchall()
    ]
    for without, _ in later:
        db.execute(without.encode())
    yield
    for _, within in later:
        db.execute(within.encode())
