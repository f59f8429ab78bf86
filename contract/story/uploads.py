"""A resumable upload in two parts, with the tus protocol."""

from __future__ import annotations

from collections.abc import Mapping

from story.step import ANONYMOUS, MENTOR, Step

VERSION = {"Tus-Resumable": "1.0.0"}
FIRST, REST = "One and one ", "is two."
LENGTH = len(FIRST + REST)
UPLOAD = {"uploadId": "{{uploadId}}"}
TELL = (
    "const metadata = { kind: 'document', filename: 'notes.txt' };",
    "metadata.topicId = pm.collectionVariables.get('topicId');",
    "const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${btoa(value)}`);",
    "pm.variables.set('uploadMetadata', pairs.join(','));",
)


def begin(title: str) -> Step:
    return Step(
        "beginUpload",
        title,
        MENTOR,
        headers={
            **VERSION,
            "Upload-Length": str(LENGTH),
            "Upload-Metadata": "{{uploadMetadata}}",
        },
        keep={"uploadId": "result.id"},
        checks={"nothing has arrived": "result.offset === 0"},
        before=TELL,
    )


def append(title: str, text: str, offset: int) -> Step:
    return Step(
        "appendToUpload",
        title,
        MENTOR,
        text=text,
        path=UPLOAD,
        headers={
            **VERSION,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
        },
        checks=stands_at(offset + len(text)),
    )


def stands_at(offset: int) -> Mapping[str, str]:
    found = "pm.response.headers.get('Upload-Offset')"
    return {f"{offset} bytes have arrived": f"{found} === '{offset}'"}


RESUMABLE = [
    Step("discoverUploads", "What resumable uploads can do", ANONYMOUS),
    begin("Begin a resumable upload"),
    append("Send the first piece", FIRST, 0),
    Step(
        "locateUpload",
        "Ask where to go on",
        MENTOR,
        path=UPLOAD,
        headers=VERSION,
        checks=stands_at(len(FIRST)),
    ),
    append("Send the rest", REST, len(FIRST)),
    Step(
        "readUpload",
        "What the upload has become",
        MENTOR,
        path=UPLOAD,
        checks={"it is a document": "result.result.kind === 'document'"},
    ),
    begin("Begin an upload to cancel"),
    Step("cancelUpload", "Cancel an upload", MENTOR, path=UPLOAD, headers=VERSION),
]
