"""The lists of progress and notes, and the index that each must come from."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator

from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Spec
from akako.learning import mentor_queries
from akako.learning import queries as progress
from akako.notes import queries as notes
from tests.kept_fast.cases import Case
from tests.kept_fast.plans import Ask


def learning() -> Iterator[Case]:
    """Lists of one learner, one mentor or one subject, which find few rows and sort them."""

    def case(name: str, ask: Ask, spec: Spec, params: dict[str, str], index: str) -> Case:
        return Case(name, ask, spec, params, index, sorts=True, narrow=True)

    def own(db: Database, request: listing.Request) -> Awaitable[object]:
        return progress.list_subjects(db, "u90005", request)

    def own_notes(db: Database, request: listing.Request) -> Awaitable[object]:
        return notes.list_own(db, "u5", request)

    def shared(db: Database, request: listing.Request) -> Awaitable[object]:
        return notes.list_shared(db, "u5", request)

    def taught(db: Database, request: listing.Request) -> Awaitable[object]:
        return mentor_queries.list_taught(db, "u5", request)

    def learners(db: Database, request: listing.Request) -> Awaitable[object]:
        return mentor_queries.list_learners(db, "s5", request)

    lists = (
        ("own progress", own, progress.MINE, "enrollments_(user|open)"),
        ("own notes", own_notes, notes.OWN, r"notes_\w+"),
        ("shared notes", shared, notes.SHARED, "notes_shared"),
        ("taught subjects", taught, mentor_queries.TAUGHT, "subjects_mentor"),
        ("learners of a subject", learners, mentor_queries.LEARNERS, "enrollments_subject"),
    )
    for name, ask, spec, index in lists:
        for sort in spec.sorts:
            yield case(f"{name} by {sort}", ask, spec, {"sort": sort}, index)
    words = {"search": "person"}
    yield case("learners called", learners, mentor_queries.LEARNERS, words, "enrollments_subject")
