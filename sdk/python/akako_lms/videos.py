"""The video of a topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from akako_lms import _resumable
from akako_lms._answers import envelope, read_as
from akako_lms._area import Area, D, operation
from akako_lms._downloads import Download, Target, download
from akako_lms._session import Request, key_for
from akako_lms._sources import File, Form, Progress, Source
from akako_lms._wire import segment
from akako_lms.models import MediaLink, Video, VideoDeleted, VideoName


class Videos(Area[D]):
    """Uploading and playing videos."""

    @operation
    async def upload_video(
        self,
        topic_id: str,
        file: File,
        *,
        filename: str | None = None,
        if_match: str | None = None,
        progress: Progress | None = None,
    ) -> Video:
        """Upload or replace the video: a path, a binary file object or bytes. It is streamed."""
        source = Source(file, filename)
        form = Form({}, "video", source, progress)
        request = Request(
            method="PUT",
            path=f"/admin/education/topics/{segment(topic_id)}/video",
            headers={"If-Match": if_match, **form.headers, **key_for("PUT")},
            content=form.content,
            rewindable=source.rewindable,
        )
        response = await self._session.send(request)
        return read_as(Video, envelope(response)["data"], response.headers.get("etag"))

    @operation
    async def upload_resumable(
        self,
        topic_id: str,
        file: File,
        *,
        filename: str | None = None,
        upload_id: str | None = None,
        started: Callable[[str], None] | None = None,
        progress: Progress | None = None,
    ) -> Video:
        """Upload or replace the video in pieces, resuming after a broken connection.

        `started` receives the id of the upload. Pass it as `upload_id` to resume the upload.
        """
        source = Source(file, filename)
        data = await _resumable.upload(
            self._session,
            source,
            {"kind": "video", "topicId": topic_id, "filename": source.name},
            upload_id=upload_id,
            started=started,
            progress=progress,
        )
        return read_as(Video, data)

    @operation
    async def download_video(
        self, topic_id: str, target: Target, *, progress: Progress | None = None
    ) -> Download:
        """Write the video to a path or a binary file object; goes on where it broke off."""
        path = f"/education/topics/{segment(topic_id)}/video"
        return await download(self._session, path, {}, target, progress)

    @operation
    async def create_video_link(self, topic_id: str) -> MediaLink:
        """Create an address that streams the video without a token, for `<video>` and players."""
        path = f"/education/topics/{segment(topic_id)}/video/link"
        link = await self._session.one(MediaLink, "POST", path)
        return replace(link, url=self._session.absolute(link.url))

    @operation
    async def rename_video(self, topic_id: str, file_name: str) -> VideoName:
        """Change the file name of the video; a name without its extension gets it."""
        path = f"/admin/education/topics/{segment(topic_id)}/video/name"
        return await self._session.one(VideoName, "PUT", path, body={"fileName": file_name})

    @operation
    async def delete_video(self, topic_id: str, *, if_match: str | None = None) -> VideoDeleted:
        """Delete the video of a topic."""
        path = f"/admin/education/topics/{segment(topic_id)}/video"
        return await self._session.one(VideoDeleted, "DELETE", path, if_match=if_match)
