"""The school that is measured: 150 levels and any number of users, 1 % of them called John."""

from __future__ import annotations

import psycopg

from akako.kernel.text import name_key


def fill(url: str, users: int) -> None:
    """Fill a migrated database and bring its statistics up to date."""
    with psycopg.connect(url, autocommit=True) as db:
        with db.cursor() as cursor:
            columns = "(id, name, name_key, search_key, description)"
            with cursor.copy(f"copy education_levels {columns} from stdin") as copy:
                for n in range(150):
                    name = f"Level {n:03}"
                    copy.write_row((f"level{n:03}", name, name_key(name), name_key(name), "x" * 60))
        with db.cursor() as cursor:
            columns = (
                "(id, clerk_id, email, email_key, first_name, last_name, plan, search_key, "
                "created_at)"
            )
            with cursor.copy(f"copy users {columns} from stdin") as copy:
                for n in range(users):
                    copy.write_row(_user(n))
        db.execute(
            "insert into user_roles (id, user_id, role, effective_start) "
            "select 'r' || id, id, 'LEARNER', created_at from users"
        )
        db.execute("vacuum analyze")


def _user(n: int) -> tuple[str, ...]:
    first = "John" if n % 100 == 7 else f"Ama{n % 997}"
    last = f"Mensah{n % 9973}"
    email = f"person{n}@example.com"
    key = f"{name_key(email)}\n{name_key(f'{first} {last}')}"
    created = f"2026-01-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z"
    return (f"user{n:07}", f"user_x{n}", email, email, first, last, "FREE", key, created)
