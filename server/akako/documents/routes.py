"""The endpoint for the names of documents."""

from __future__ import annotations

from akako.documents import service
from akako.documents.schemas import DocumentUpdate
from akako.education.schemas import Document
from akako.kernel.core.envelope import Ok
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import put
from akako.library.routes import TAG as TAG
from akako.library.service import STAFF


@put(
    "/admin/education/topics/{topic_id}/documents/{document_id}",
    access=STAFF,
    resource="document",
    example={"name": "Worksheet for Monday"},
    changes_public=True,
)
async def update_document(
    ctx: Context, topic_id: str, document_id: str, data: DocumentUpdate
) -> Ok[Document]:
    """Change the name or description of a document.

    Mentors can do this in subjects assigned to them. The file stays as it is.
    """
    document = await service.update_document(ctx.db, ctx.actor, topic_id, document_id, changes=data)
    return Ok(data=document, message="Document updated successfully")
