"""Documents, a video and resumable uploads beside a model of them."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.library.school import add_topic, put_video, upload, uploaded, video
from tests.parts.server import Server
from tests.states.conftest import Walk
from tests.uploads import tus

texts = st.text("abc \n", min_size=1, max_size=40).map(str.encode)
numbers = st.integers(0, 100)  # taken modulo the number of things that there are


class UploadMachine(RuleBasedStateMachine):
    def __init__(self, api: Server) -> None:
        super().__init__()
        self.api = api
        self.documents: dict[str, bytes] = {}
        self.video: bytes | None = None
        self.growing: dict[str, tuple[bytes, int]] = {}  # path → what it is to be, how far it is

    @initialize()
    def come(self) -> None:
        self.topic = add_topic(self.api)

    @rule(content=texts)
    def upload(self, content: bytes) -> None:
        document = uploaded(upload(self.api, self.topic, content=content))
        self.documents[document["id"]] = content

    @precondition(lambda self: self.documents)
    @rule(number=numbers, again=st.booleans())
    def delete(self, number: int, again: bool) -> None:
        id = sorted(self.documents)[number % len(self.documents)]
        path = f"/api/admin/education/topics/{self.topic.id}/documents/{id}"
        assert self.api.delete(path, as_="admin").status_code == 200
        del self.documents[id]
        if again:
            assert self.api.delete(path, as_="admin").status_code == 404
        assert self.api.get(f"/api/s3/document/stream?documentId={id}", as_="admin").is_error

    @rule(padding=st.integers(0, 30))
    def put_video(self, padding: int) -> None:
        answer = put_video(self.api, self.topic, video(padding))
        assert answer.status_code == (201 if self.video is None else 200), answer.text
        self.video = video(padding)

    @rule()
    def delete_video(self) -> None:
        answer = self.api.delete(self.topic.video_admin, as_="admin")
        assert answer.status_code == (404 if self.video is None else 200), answer.text
        self.video = None

    @rule(content=texts)
    def begin(self, content: bytes) -> None:
        path = tus.begun(tus.create(self.api, len(content), tus.plan(self.topic)))
        self.growing[path] = (content, 0)

    @precondition(lambda self: self.growing)
    @rule(number=numbers, at=st.integers(0, 40), length=st.integers(0, 50))
    def append(self, number: int, at: int, length: int) -> None:
        path = sorted(self.growing)[number % len(self.growing)]
        content, reached = self.growing[path]
        at = reached if at % 3 else at  # one in three may be at the wrong place
        piece = content[at : at + length] if length <= 40 else content + b"more"
        answer = tus.append(self.api, path, at, piece)
        if at != reached:
            assert answer.status_code == 409, answer.text
        elif at + len(piece) > len(content):
            assert answer.status_code == 413, answer.text
        else:
            assert answer.status_code == 204, answer.text
            self.growing[path] = (content, at + len(piece))
            self.finish(path)

    def finish(self, path: str) -> None:
        content, reached = self.growing[path]
        if reached == len(content):
            result = self.api.get(path, as_="admin").json()["data"]["result"]
            self.documents[result["id"]] = content
            del self.growing[path]

    @precondition(lambda self: self.growing)
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        path = sorted(self.growing)[number % len(self.growing)]
        assert tus.cancel(self.api, path).status_code == 204
        assert tus.head(self.api, path).status_code == 404
        del self.growing[path]

    @invariant()
    def seen_as_they_are(self) -> None:
        listed = self.api.get(f"{self.topic.documents}?limit=100", as_="admin").json()["data"]
        sizes = {id: len(content) for id, content in self.documents.items()}
        assert {each["id"]: each["size"] for each in listed} == sizes
        shown = self.api.get(f"/api/education/topics/{self.topic.id}").json()["data"]
        assert shown["documentCount"] == len(sizes)
        assert shown["hasVideo"] == (self.video is not None)
        for path, (_, reached) in self.growing.items():
            assert tus.offset(self.api, path) == reached

    def teardown(self) -> None:
        for path in self.growing:  # only so many may be unfinished at a time
            assert tus.cancel(self.api, path).status_code == 204
        for id, content in self.documents.items():
            path = f"/api/s3/document/stream?documentId={id}"
            assert self.api.get(path, as_="admin").content == content
        if self.video is not None:
            assert self.api.get(self.topic.video, as_="admin").content == self.video


@pytest.mark.timeout(600)
def test_uploads(walk: Walk) -> None:
    walk(UploadMachine)
