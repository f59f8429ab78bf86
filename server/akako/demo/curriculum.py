"""Subjects, topics and files that the demonstration school has besides its first ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files

import msgspec

from akako.education import service as education
from akako.education.schemas import SubjectCreate, TopicCreate
from akako.kernel.core.access import Actor
from akako.kernel.core.ports import ObjectStore
from akako.kernel.db.database import Database
from akako.library import service as library
from akako.library.media import DOCUMENT, VIDEO, Medium
from akako.library.schemas import DocumentMetadata
from akako.storage.intake import Intake, StoredFile
from akako.storage.multipart import FilePart

Topics = tuple[str, ...]
# Subjects that are added to the grade of an existing one, with their topics in order.
ADDED: dict[str, tuple[tuple[str, Topics], ...]] = {
    "English": (
        (
            "Science",
            ("Plants", "Animals", "The water cycle", "Light and shadow", "Our solar system"),
        ),
    ),
    "Algebra": (
        ("Biology", ("Cells", "Photosynthesis", "The human heart", "Genes")),
        ("History", ("Sources", "Early cities", "Trade routes", "Independence")),
        ("Geography", ("Maps", "Climate zones", "Rivers", "Cities", "Migration", "Energy")),
    ),
}
FILM = "film.mp4"
CAPTIONS = ("film.en.vtt", "film.fr.vtt")
WITH_FILM = ("Subtraction", "The water cycle", "Photosynthesis", "Climate zones")
WORKSHEET = "Read the text of the topic and answer in full sentences.\n\n{questions}\n"
QUESTION = "{number}. What do you know about {topic}? Give an example from your own day.\n\n\n"
FIND = """
select s.id, s.name, s.grade_id, t.id as topic_id, t.name as topic_name
from subjects s join topics t on t.subject_id = s.id order by s.created_at, t.position, t.id
"""


class Subject(msgspec.Struct):
    """A subject of the school with its topics in order."""

    id: str
    name: str
    grade_id: str
    topics: dict[str, str] = {}  # name: id


async def complete(tx: Database, store: ObjectStore, admin: Actor, mentor_id: str) -> list[Subject]:
    """Add the further subjects and the files; return all subjects."""
    for subject in await _subjects(tx):
        for name, topics in ADDED.get(subject.name, ()):
            await _add_subject(tx, admin, subject.grade_id, name, topics, mentor_id)
    subjects = await _subjects(tx)
    for subject in subjects:
        for number, (name, topic_id) in enumerate(subject.topics.items()):
            if name in WITH_FILM:
                await _add_film(tx, store, admin, topic_id)
            if subject.name in ("Science", "Biology", "Geography") and number < 3:
                await _add_worksheet(tx, store, admin, topic_id, name, number)
    return subjects


async def _subjects(tx: Database) -> list[Subject]:
    found: dict[str, Subject] = {}
    for row in await tx.fetch(FIND):
        made = Subject(row["id"], row["name"], row["grade_id"], {})
        found.setdefault(row["id"], made).topics[row["topic_name"]] = row["topic_id"]
    return list(found.values())


async def _add_subject(
    tx: Database, admin: Actor, grade_id: str, name: str, topics: Topics, mentor_id: str
) -> None:
    given = SubjectCreate(name=name, grade_id=grade_id, mentor_id=mentor_id)
    subject = await education.create_subject(tx, admin, subject=given)
    for title in topics:
        text = f"What you should know about {title.lower()} at the end of this topic."
        topic = TopicCreate(name=title, content=text, subject_id=subject.id)
        await education.create_topic(tx, admin, topic=topic)


async def _add_film(tx: Database, store: ObjectStore, admin: Actor, topic_id: str) -> None:
    film = await _store(tx, store, admin, VIDEO, FILM, "video/mp4", _content(FILM))
    await library.put_video(tx, admin, topic_id, film, if_match=None)
    for name in CAPTIONS:
        file = await _store(tx, store, admin, DOCUMENT, name, "text/vtt", _content(name))
        await library.add_document(tx, admin, topic_id, file, metadata=DocumentMetadata())


def _content(name: str) -> bytes:
    return (files("akako.demo") / "files" / name).read_bytes()


async def _add_worksheet(
    tx: Database, store: ObjectStore, admin: Actor, topic_id: str, name: str, number: int
) -> None:
    questions = "".join(
        QUESTION.format(number=each, topic=name.lower()) for each in range(1, 12 + 6 * number)
    )
    content = WORKSHEET.format(questions=questions).encode()
    file = await _store(tx, store, admin, DOCUMENT, f"{name}.txt", "text/plain", content)
    metadata = DocumentMetadata(name=f"Worksheet: {name}")
    await library.add_document(tx, admin, topic_id, file, metadata=metadata)


async def _store(
    tx: Database,
    store: ObjectStore,
    admin: Actor,
    medium: Medium,
    name: str,
    media_type: str,
    content: bytes,
) -> StoredFile:
    """Store a file with the checks of uploads."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    intake = Intake(tx, store, admin.subject, medium.folder)
    return await intake.take(FilePart(medium.field, name, media_type, chunks()), medium.kinds)
