"""The next release, as far as it concerns the database: revisions that do not exist yet."""

from __future__ import annotations

import shutil
from pathlib import Path

from akako.migrations.steps import SCRIPTS, revisions

ADDS = """
    op.execute("alter table users add column nickname text not null default ''")
    op.execute("alter table users add constraint users_nickname "
               "check (length(nickname) < 100) not valid")
    op.execute("create table badges (id text primary key, user_id text references users (id))")
"""
VALIDATES = """
    op.execute("alter table users validate constraint users_nickname")
"""
INDEXES = """
    online.create_index("users_nickname_idx", "on users (nickname, id)")
"""
TAKES_AWAY = """
    op.execute("alter table users rename column first_name to given_name")
"""


def next_release(folder: Path, *bodies: str, oldest_code: str | None = None) -> Path:
    """A copy of the migrations with one more revision for each body."""
    scripts = folder / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    newest = revisions()[-1]
    for number, body in enumerate(bodies, start=int(newest) + 1):
        lines = [
            '"""Next."""',
            "from alembic import op",
            "from akako.migrations import online",
            f"revision = '{number:04}'",
            f"down_revision = '{number - 1:04}'",
            f"oldest_code = {oldest_code!r}" if oldest_code else "",
            f"def upgrade() -> None:{body}",
        ]
        (scripts / "versions" / f"{number:04}_next.py").write_text("\n".join(lines))
    return scripts
