"""Rows put straight into a database, for tests about something else than how they come about.

Each function inserts one thing with the columns given and defaults for the others, and returns it.
`db` is a connection of psycopg; the caller commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, TypedDict, Unpack

import psycopg

from akako.identity.accounts import search_key
from akako.kernel.core.ids import new_id
from akako.kernel.core.text import name_key

Connection = psycopg.Connection[tuple[Any, ...]]


class User(NamedTuple):
    id: str
    clerk_id: str
    email: str | None


class Subject(NamedTuple):
    id: str
    grade_id: str
    level_id: str
    name: str


class Topic(NamedTuple):
    id: str
    subject_id: str


class UserColumns(TypedDict, total=False):
    """Columns of users that a test may set."""

    id: str
    clerk_id: str
    email: str | None
    email_key: str | None
    first_name: str | None
    last_name: str | None
    username: str | None
    status: str
    plan: str
    search_key: str
    email_verified_at: datetime | str | None
    clerk_suspended: bool
    clerk_updated_at: int | None
    deleted_at: datetime | str | None
    created_at: datetime | str
    updated_at: datetime | str


def create_user(
    db: Connection, *, role: str | None = "LEARNER", **columns: Unpack[UserColumns]
) -> User:
    """Insert a user who never signed in. `role` is held since yesterday."""
    user_id = columns.get("id") or new_id()
    email = columns.get("email", f"{user_id}@example.com")
    names = columns.get("first_name"), columns.get("last_name"), columns.get("username")
    row: dict[str, Any] = {
        "id": user_id,
        "clerk_id": f"user_{user_id}",
        "email": email,
        "email_key": email and email.casefold(),
        "plan": "FREE",
        "search_key": search_key(email, *names),
        **columns,
    }
    insert(db, "users", **row)
    if role:
        add_role(db, user_id=user_id, role=role)
    return User(user_id, row["clerk_id"], email)


def add_role(db: Connection, *, user_id: str, role: str) -> None:
    db.execute(
        "insert into user_roles (id, user_id, role, effective_start) "
        "values (%s, %s, %s, now() - interval '1 day')",
        (new_id(), user_id, role),
    )


def create_level(db: Connection, *, id: str | None = None, name: str | None = None) -> str:
    """Insert an education level; return its id."""
    id = id or new_id()
    insert(db, "education_levels", id=id, name=name or id, name_key=name_key(name or id))
    return id


def create_subject(
    db: Connection, *, name: str | None = None, mentor_id: str | None = None
) -> Subject:
    """Insert a subject in a grade and a level of its own, all active."""
    level_id, grade_id, subject_id = create_level(db), new_id(), new_id()
    name = name or f"Subject {subject_id}"
    key = name_key(name)
    insert(
        db,
        "grades",
        id=grade_id,
        name=grade_id,
        name_key=grade_id,
        level_id=level_id,
        stage="primary",
    )
    insert(
        db,
        "subjects",
        id=subject_id,
        name=name,
        name_key=key,
        search_key=key,
        grade_id=grade_id,
        mentor_id=mentor_id,
    )
    return Subject(subject_id, grade_id, level_id, name)


def create_topic(db: Connection, *, subject_id: str, active: bool = True) -> Topic:
    id = new_id()
    insert(db, "topics", id=id, name=id, name_key=id, subject_id=subject_id, is_active=active)
    return Topic(id, subject_id)


def create_document(
    db: Connection, *, topic_id: str, user_id: str, key: str, size: int, sha256: str
) -> str:
    """Insert an active document whose object is stored under `key`; return its id."""
    id = new_id()
    insert(
        db,
        "documents",
        id=id,
        topic_id=topic_id,
        name=id,
        file_name="file.txt",
        mime_type="text/plain",
        size=size,
        sha256=sha256,
        storage_key=key,
        status="ACTIVE",
        uploaded_by=user_id,
    )
    return id


def create_enrollment(
    db: Connection, *, user_id: str, subject_id: str, status: str = "PENDING"
) -> str:
    """Insert an enrollment; return its id."""
    id = new_id()
    insert(db, "enrollments", id=id, user_id=user_id, subject_id=subject_id, status=status)
    return id


def insert(db: Connection, table: str, **row: Any) -> None:
    """Insert a row. Table and columns are names in the tests' code."""
    names, values = ", ".join(row), ", ".join(["%s"] * len(row))
    db.execute(f"insert into {table} ({names}) values ({values})".encode(), list(row.values()))
