"""The SQL that merges progress against a model in Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akako.backends.database.pool import Pool
from akako.learning import merging
from akako.learning.merging import Update
from tests.factories import (
    create_document,
    create_enrollment,
    create_subject,
    create_topic,
    create_user,
)

START = datetime(2026, 1, 31, tzinfo=UTC)
DOCUMENTS = range(3)
POINT = st.integers(0, 30)
UPDATES = st.lists(
    st.builds(
        Update,
        position=st.none() | POINT,
        duration=st.none() | st.integers(1, 40),
        watched=st.lists(st.tuples(POINT, POINT).map(sorted).map(tuple), max_size=4).map(tuple),
        opened=st.lists(st.sampled_from(DOCUMENTS).map(str), max_size=3).map(tuple),
        marked_done=st.none() | st.booleans(),
        recorded_at=st.integers(0, 3).map(lambda n: START + timedelta(seconds=n)),
    ),
    min_size=1,
    max_size=6,
)


class Stored:
    """A database with a topic, whose learner is enrolled; each progress starts empty."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.pool = Pool(url, size=1)
        with psycopg.connect(url, autocommit=True) as db:
            self.user_id = create_user(db).id
            subject = create_subject(db)
            self.topic_id = create_topic(db, subject_id=subject.id).id
            create_enrollment(db, user_id=self.user_id, subject_id=subject.id, status="APPROVED")
            self.documents = [
                create_document(
                    db,
                    topic_id=self.topic_id,
                    user_id=self.user_id,
                    key=f"k{n}",
                    size=1,
                    sha256="0" * 64,
                )
                for n in DOCUMENTS
            ]

    def after(self, updates: list[Update]) -> dict[str, Any]:
        return self.runner.run(self._after(updates))

    async def _after(self, updates: list[Update]) -> dict[str, Any]:
        await self.pool.execute("delete from topic_progress")
        row = None
        for update in updates:
            opened = tuple(self.documents[int(n)] for n in update.opened)
            named = Update(**{**_fields(update), "opened": opened})
            row = await merging.merge(self.pool, self.user_id, self.topic_id, named)
        assert row is not None
        watched = await self.pool.fetchval("select watched from topic_progress")
        return {
            "watched": {n for part in watched for n in range(part.lower, part.upper)},
            "watched_tenths": row["watched_tenths"],
            "position": row["position_tenths"],
            "duration": row["duration_tenths"],
            "marked_done": row["marked_done"],
            "opened": {self.documents.index(each) for each in row["documents_opened"]},
        }


def _fields(update: Update) -> dict[str, Any]:
    return {name: getattr(update, name) for name in Update.__struct_fields__}


def model(updates: list[Update]) -> dict[str, Any]:
    watched = {n for each in updates for start, end in each.watched for n in range(start, end)}
    duration = latest(updates, "duration", None)
    return {
        "watched": watched,
        "watched_tenths": len([n for n in watched if duration is None or n < duration]),
        "position": latest(updates, "position", 0),
        "duration": duration,
        "marked_done": latest(updates, "marked_done", False),
        "opened": {int(n) for each in updates for n in each.opened},
    }


def latest(updates: list[Update], field: str, default: Any) -> Any:
    """The value with the latest time; of equal times the larger one."""
    given = [(each.recorded_at, getattr(each, field)) for each in updates]
    return max((pair for pair in given if pair[1] is not None), default=(None, default))[1]


@pytest.fixture(scope="module")
def stored(new_database: Callable[[], str]) -> Iterator[Stored]:
    stored = Stored(new_database())
    yield stored
    stored.runner.run(stored.pool.close())
    stored.runner.close()


@settings(max_examples=60)
@given(updates=UPDATES, data=st.data())
def test_updates_in_any_order_and_repeated_give_the_state_of_the_model(
    stored: Stored, updates: list[Update], data: st.DataObject
) -> None:
    expected = model(updates)
    assert stored.after(updates) == expected
    repeated = updates + data.draw(st.lists(st.sampled_from(updates), max_size=3))
    assert stored.after(data.draw(st.permutations(repeated))) == expected
