"""Change the name and description of a document."""

from __future__ import annotations

from akako.documents import queries
from akako.documents.schemas import DocumentUpdate
from akako.education.schemas import Document
from akako.kernel.core import validation
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.library import queries as library
from akako.library.service import require_writable


async def update_document(
    db: Database, actor: Actor, topic_id: str, document_id: str, *, changes: DocumentUpdate
) -> Document:
    """Store the fields that differ; return the document. The file stays as it is.

    Raises:
        NotFound: The topic is unknown, or the document is not in it.
        Forbidden: The caller may not change the topic.
    """
    async with db.transaction() as tx:
        await require_writable(tx, actor, topic_id, hold=True)
        before = await queries.lock(tx, topic_id, document_id)
        if before is None:
            raise NotFound("document", document_id)
        after = {**before, **validation.supplied(changes)}
        if after != before:
            await queries.store(tx, document_id, after)
            # Without the names, which may be personal.
            changed = sorted(name for name in after if after[name] != before[name])
            facts = {"topicId": topic_id, "changed": changed}
            await audit.record(tx, actor, "document.updated", "document", document_id, after=facts)
        document = await library.get_document(tx, document_id)
        assert document is not None
        return document
