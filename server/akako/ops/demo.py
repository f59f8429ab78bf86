"""A small demonstration school for new servers."""

from __future__ import annotations

from akako.education import service
from akako.education.schemas import GradeCreate, LevelCreate, Stage, SubjectCreate, TopicCreate
from akako.kernel.core.access import Actor
from akako.kernel.db import locks
from akako.kernel.db.database import Database

Topics = dict[str, str]  # name: content
MATHEMATICS: Topics = {
    "Addition": "Adding joins two groups and counts them as one: 2 + 3 = 5.\n\n"
    "The order does not matter: 3 + 2 is 5 as well.",
    "Subtraction": "Subtracting takes some away and counts what is left: 5 - 3 = 2.\n\n"
    "It undoes an addition: 2 + 3 = 5, so 5 - 3 = 2.",
}
ENGLISH: Topics = {"The alphabet": "English is written with 26 letters, from A to Z."}
ALGEBRA: Topics = {
    "Linear equations": "Do the same to both sides: from 2x + 1 = 7 follow 2x = 6 and x = 3."
}


async def seed_school(db: Database, admin: Actor, mentor_id: str) -> bool:
    """Create the school, unless a level ever existed; return whether it was created.

    `mentor_id` becomes the mentor of Mathematics.
    """
    async with db.transaction() as tx:
        await tx.execute("select pg_advisory_xact_lock($1)", locks.DEMO_SCHOOL)
        if await tx.fetchval("select exists (select from education_levels)"):
            return False
        primary = await _grade(
            tx, admin, "Primary Education", "Grades 1 to 6", "Grade 1", "primary"
        )
        await _subject(tx, admin, primary, "Mathematics", MATHEMATICS, mentor_id)
        await _subject(tx, admin, primary, "English", ENGLISH, None)
        higher = await _grade(
            tx, admin, "Secondary Education", "Grades 7 to 12", "Grade 7", "secondary"
        )
        await _subject(tx, admin, higher, "Algebra", ALGEBRA, None)
        return True


async def _grade(
    tx: Database, admin: Actor, level_name: str, about: str, name: str, stage: Stage
) -> str:
    level = await service.create_level(
        tx, admin, level=LevelCreate(name=level_name, description=about)
    )
    grade = GradeCreate(name=name, level=stage, education_level_id=level.id)
    return (await service.create_grade(tx, admin, grade=grade)).id


async def _subject(
    tx: Database, admin: Actor, grade_id: str, name: str, topics: Topics, mentor_id: str | None
) -> None:
    given = SubjectCreate(name=name, grade_id=grade_id, mentor_id=mentor_id)
    subject = await service.create_subject(tx, admin, subject=given)
    for title, content in topics.items():
        topic = TopicCreate(name=title, content=content, subject_id=subject.id)
        await service.create_topic(tx, admin, topic=topic)
