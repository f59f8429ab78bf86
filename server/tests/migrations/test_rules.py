"""Every new revision keeps the rules, and each rule bites."""

from __future__ import annotations

from pathlib import Path

import pytest

from akako.migrations.steps import SCRIPTS
from tests.migrations.release import ADDS, INDEXES, TAKES_AWAY, VALIDATES
from tests.migrations.rules import FOUNDING, faults

HEAD = "from alembic import op\nfrom akako.migrations import online\n"


def written(folder: Path, body: str, more: str = "") -> Path:
    path = folder / "0099_next.py"
    path.write_text(f"{HEAD}{more}\ndef upgrade():{body}")
    return path


def statement(sql: str) -> str:
    return f"\n    op.execute({sql!r})\n"


def test_new_revisions_keep_the_rules() -> None:
    new = [path for path in (SCRIPTS / "versions").glob("[0-9]*.py") if path.name[:4] > FOUNDING]
    assert [fault for path in sorted(new) for fault in faults(path)] == []
    assert list((SCRIPTS / "versions").glob(f"{FOUNDING}_*.py"))


@pytest.mark.parametrize(
    "body",
    [
        ADDS,
        VALIDATES,
        INDEXES,
        statement("alter table users add column seen_at timestamptz not null default now()"),
        statement("create table a (id text); create index a_id on a (id)"),
        statement("alter table grades alter column stage type text"),
        statement("alter table users add constraint u unique using index u_idx"),
        statement("update users set plan = 'FREE' /* allowed: there are ten of them */"),
        statement("drop index concurrently if exists users_updated"),
    ],
)
def test_safe_statements_pass(tmp_path: Path, body: str) -> None:
    assert faults(written(tmp_path, body)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "create index u on users (plan)",
        "create unique index u on users (plan)",
        "alter table users add column r float default random()",
        "alter table users add r text default gen_random_uuid()::text",
        "alter table users add column b text generated always as (email || 'x') stored",
        "alter table documents alter column size type numeric",
        "alter table documents alter size set data type numeric",
        "alter table users alter column email set not null",
        "alter table users add constraint c check (length(email) > 1)",
        "alter table topics add foreign key (id) references documents (id)",
        "alter table topics add column level_id text references education_levels (id)",
        "alter table users add constraint c unique (email)",
        "update users set plan = 'FREE'",
        "delete from audit_log where id < 5",
        "lock table users",
        "reindex table users",
        "alter table users drop column image_url",
        "alter table users rename column email to address",
        "alter table users rename to people",
        "drop table outbox",
    ],
)
def test_what_keeps_others_out_or_breaks_them_is_seen(tmp_path: Path, sql: str) -> None:
    assert faults(written(tmp_path, statement(sql)))


def test_an_index_made_concurrently_is_alone(tmp_path: Path) -> None:
    (fault,) = faults(written(tmp_path, ADDS + INDEXES))
    assert "must be all that its revision does" in fault


def test_a_removed_column_is_reported(tmp_path: Path) -> None:
    assert faults(written(tmp_path, TAKES_AWAY))
    assert faults(written(tmp_path, TAKES_AWAY, "oldest_code = '0007'")) == []
