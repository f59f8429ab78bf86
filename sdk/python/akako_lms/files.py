"""Documents of topics."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypedDict

from akako_lms import _resumable
from akako_lms._answers import envelope, read_as
from akako_lms._area import Area, D, iteration, operation
from akako_lms._downloads import Download, Target, download
from akako_lms._queries import PageQuery
from akako_lms._session import Page, Request, check_names, key_for
from akako_lms._sources import File, Form, Progress, Source
from akako_lms._wire import given, segment
from akako_lms.models import Document, DocumentDeleted, MediaLink

if TYPE_CHECKING:
    from typing_extensions import Unpack


class DocumentChanges(TypedDict, total=False):
    """Fields that are left out stay as they are; None clears the description."""

    name: str
    description: str | None


class Files(Area[D]):
    """Uploading and downloading documents.

    `progress` is called with the bytes that are done and, where it is known, their total.
    """

    @operation
    async def get_documents(self, topic_id: str, **query: Unpack[PageQuery]) -> Page[Document]:
        """List the documents of a topic."""
        path = f"/education/topics/{segment(topic_id)}/documents"
        return await self._session.page(Document, path, query, PageQuery)

    iter_documents = iteration(get_documents)

    @operation
    async def upload_document(
        self,
        topic_id: str,
        file: File,
        *,
        name: str | None = None,
        description: str | None = None,
        filename: str | None = None,
        progress: Progress | None = None,
    ) -> Document:
        """Upload a document: a path, a binary file object or bytes. It is streamed."""
        source = Source(file, filename)
        metadata = json.dumps(given(name=name, description=description))
        form = Form({"topicId": topic_id, "metadata": metadata}, "file", source, progress)
        request = Request(
            method="POST",
            path="/s3/document/upload",
            headers={**form.headers, **key_for("POST")},
            content=form.content,
            rewindable=source.rewindable,
        )
        return read_as(Document, envelope(await self._session.send(request))["data"])

    @operation
    async def upload_resumable(
        self,
        topic_id: str,
        file: File,
        *,
        name: str | None = None,
        description: str | None = None,
        filename: str | None = None,
        upload_id: str | None = None,
        started: Callable[[str], None] | None = None,
        progress: Progress | None = None,
    ) -> Document:
        """Upload a document in pieces, resuming after a broken connection.

        `started` receives the id of the upload. Pass it as `upload_id` to resume the upload.
        """
        source = Source(file, filename)
        metadata = {"kind": "document", "topicId": topic_id, "filename": source.name}
        metadata |= given(name=name, description=description)
        data = await _resumable.upload(
            self._session,
            source,
            metadata,
            upload_id=upload_id,
            started=started,
            progress=progress,
        )
        return read_as(Document, data)

    @operation
    async def cancel_upload(self, upload_id: str) -> None:
        """Give up a resumable upload of a document or a video; what has arrived is removed."""
        await _resumable.cancel(self._session, upload_id)

    @operation
    async def download_document(
        self,
        document_id: str,
        target: Target,
        *,
        disposition: Literal["inline", "attachment"] | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """Write a document to a path or a binary file object; goes on where it broke off."""
        query = {"documentId": document_id, "disposition": disposition}
        return await download(self._session, "/s3/document/stream", query, target, progress)

    @operation
    async def create_document_link(self, document_id: str) -> MediaLink:
        """Create an address that streams a document without a token, for viewers and players."""
        path = f"/s3/document/{segment(document_id)}/link"
        link = await self._session.one(MediaLink, "POST", path)
        return replace(link, url=self._session.absolute(link.url))

    @operation
    async def update_document(
        self, topic_id: str, document_id: str, **changes: Unpack[DocumentChanges]
    ) -> Document:
        """Change the name or description of a document; its file stays."""
        check_names(changes, DocumentChanges)
        path = f"/admin/education/topics/{segment(topic_id)}/documents/{segment(document_id)}"
        return await self._session.one(Document, "PUT", path, body=changes)

    @operation
    async def restore_document(self, topic_id: str, document_id: str) -> Document:
        """Undo the deletion of a document within a minute, before its file is removed."""
        path = f"/admin/education/topics/{segment(topic_id)}/documents/{segment(document_id)}"
        return await self._session.one(Document, "POST", f"{path}/restore")

    @operation
    async def delete_document(self, topic_id: str, document_id: str) -> DocumentDeleted:
        """Delete a document of a topic."""
        path = f"/admin/education/topics/{segment(topic_id)}/documents/{segment(document_id)}"
        return await self._session.one(DocumentDeleted, "DELETE", path)
