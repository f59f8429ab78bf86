"""Schools that older releases made: a dump of the database, and a backup with the files.

`schema_0009` is by the first code of version 0.1.0, `schema_0017` by the last.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import psycopg

SCHOOLS = Path(__file__).parent / "schools"
NAMES = ("schema_0009", "schema_0017")
# The subject that `make_school` added, and the names of its topics in the order of creation.
SUBJECT = "Upgraded subject"
TOPICS = ["Zero", "äpfel", "Part 10", "Part 2"]


def revision(name: str) -> str:
    return name.removeprefix("schema_")


def archive(name: str) -> bytes:
    """Return the backup, as `akako backup` of that release wrote it."""
    return gzip.decompress((SCHOOLS / f"{name}.tar.gz").read_bytes())


def load(name: str, url: str) -> None:
    """Fill an empty database with the dump."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(gzip.decompress((SCHOOLS / f"{name}.sql.gz").read_bytes()))
