"""Restore a deleted document while its file is kept."""

from __future__ import annotations

from akako.documents import queries
from akako.education.schemas import Document
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.library import queries as library
from akako.library.service import MAX_DOCUMENTS, full, require_writable
from akako.storage import queries as storage


async def restore(db: Database, actor: Actor, topic_id: str, document_id: str) -> Document:
    """Undo the deletion of a document. A document that is not deleted stays as it is.

    The job that removes the file decides whether that is still possible.

    Raises:
        NotFound: The topic is unknown, the document is not in it, or its file is removed.
        Forbidden: The caller may not change the topic.
        Conflict: The topic has as many documents as it can have.
    """
    async with db.transaction() as tx:
        await require_writable(tx, actor, topic_id, hold=True)
        found = await queries.lock_restorable(tx, topic_id, document_id)
        if found is None:
            raise NotFound("document", document_id)
        key, deleted = found
        if deleted:
            if not await storage.withdraw_cleanup(tx, key):
                raise NotFound("document", document_id)
            if not await library.add_to_count(tx, topic_id, 1, most=MAX_DOCUMENTS):
                raise full()
            await queries.restore(tx, document_id)
            event = {"id": document_id, "topicId": topic_id}
            await audit.record(
                tx,
                actor,
                "document.restored",
                "document",
                document_id,
                after={"topicId": topic_id},
                announces=event,
            )
        document = await library.get_document(tx, document_id)
        assert document is not None
        return document
