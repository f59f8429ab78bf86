"""What the page of a topic shows, and what its forms change."""

from __future__ import annotations

import msgspec

from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound
from akako.kernel.db.database import Database
from akako.learning import service as learning
from akako.learning.completion import WATCHED_PERCENT
from akako.learning.schemas import ProgressUpdate
from akako.web.learners import queries
from akako.web.learners.queries import Document, Lesson
from akako.web.texts.captions import is_captions

WATCHED_WHOLE = 0.95


class LessonView(Lesson, kw_only=True):
    """A topic, and whether the reader has watched its whole video.

    Captions of a video are apart from `documents`: the player reads them.
    """

    watched: bool
    captions: list[Document] = msgspec.field(default_factory=list)
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
    view = LessonView(**values, watched=watched)
    if view.video_mime:
        view.captions = [each for each in view.documents if is_captions(each)]
        view.documents = [each for each in view.documents if not is_captions(each)]
    return view


async def mark(db: Database, actor: Actor, topic_id: str, *, done: bool) -> None:
    await learning.update_progress(db, actor, topic_id, update=ProgressUpdate(marked_done=done))
