"""Change the file name of a video, under which it is shown and downloaded."""

from __future__ import annotations

from akako.documents import queries
from akako.documents.schemas import VideoName
from akako.filetypes.kinds import VIDEOS
from akako.filetypes.names import MAX_NAME, display_name, extension
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound, ValidationFailed
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.library.service import require_writable

ENDINGS = {kind.mime: kind.extensions for kind in VIDEOS}


async def rename(db: Database, actor: Actor, topic_id: str, *, name: str) -> VideoName:
    """Store the name; return it with the extension of the video's type.

    Raises:
        NotFound: The topic is unknown or has no video.
        Forbidden: The caller may not change the topic.
        ValidationFailed: The name has no character that a file name can have.
    """
    async with db.transaction() as tx:
        await require_writable(tx, actor, topic_id, hold=True)
        before = await queries.lock_video(tx, topic_id)
        if before is None:
            raise NotFound("video", topic_id)
        old, mime = before
        new = _named(name, ENDINGS.get(mime, ()))
        if new != old:
            await queries.name_video(tx, topic_id, new)
            # Without the names, which may be personal.
            facts = {"changed": ["fileName"]}
            await audit.record(tx, actor, "video.updated", "video", topic_id, after=facts)
        return VideoName(topic_id=topic_id, file_name=new)


def _named(name: str, endings: tuple[str, ...]) -> str:
    shown = display_name(name)
    if not shown:
        raise ValidationFailed.of("fileName", "Must be a file name", name)
    if not endings or extension(shown) in endings:
        return shown
    ending = f".{endings[0]}"
    return f"{shown[: MAX_NAME - len(ending)].rstrip('. ')}{ending}"
