"""What the page of a topic shows, and what its forms change."""

from __future__ import annotations

from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound
from akako.kernel.db.database import Database
from akako.learning import service as learning
from akako.learning.completion import WATCHED_PERCENT
from akako.learning.schemas import ProgressUpdate
from akako.web.learners import queries
from akako.web.learners.queries import Lesson

WATCHED_WHOLE = 0.95


class LessonView(Lesson, kw_only=True):
    """A topic, and whether the reader has watched its whole video."""

    watched: bool
    needed_percent: int = WATCHED_PERCENT


async def read_lesson(db: Database, actor: Actor, topic_id: str) -> LessonView:
    """Return a topic for its page, also where it is locked for the reader.

    Raises:
        NotFound: The topic is unknown, or a draft of another person.
    """
    lesson = await queries.find_lesson(db, actor, topic_id)
    if lesson is None or not (lesson.is_active or lesson.readable):
        raise NotFound("topic", topic_id)
    values = {name: getattr(lesson, name) for name in Lesson.__struct_fields__}
    position = lesson.progress.position_seconds
    watched = bool(lesson.duration and position / lesson.duration >= WATCHED_WHOLE)
    return LessonView(**values, watched=watched)


async def mark(db: Database, actor: Actor, topic_id: str, *, done: bool) -> None:
    await learning.update_progress(db, actor, topic_id, update=ProgressUpdate(marked_done=done))
