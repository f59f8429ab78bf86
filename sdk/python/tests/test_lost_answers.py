"""A real server does its work, and the line breaks before the client learns of it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from calls import Call
from tests.parts.samples import sample
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy

pytestmark = pytest.mark.usefixtures("no_pauses")


class Losing:
    """A line that loses the answer to the first try. The token is asked for before each."""

    def __init__(self, api: Server, line: TcpProxy) -> None:
        self.url = f"http://127.0.0.1:{line.port}/api"
        self.tries = 0
        self._line = line
        self._token = api.token("admin")
        line.cut_answers_after = 0

    def token(self) -> str:
        self.tries += 1
        if self.tries == 2:
            self._line.cut_answers_after = None
        return self._token


def lossy(call: Call, api: Server, perform: Any) -> Any:
    with TcpProxy(api.port) as line:
        losing = Losing(api, line)
        result = call(perform, losing.url, losing.token)
        assert losing.tries >= 2
    return result


def test_one_level_is_made(api: Server, call: Call) -> None:
    name = f"Level {uuid.uuid4()}"
    made = lossy(call, api, lambda c: c.education.create_level(name=name))
    found = call(lambda c: c.education.get_levels(search=name), f"{api.url}/api")
    assert found == [made]


def test_one_document_is_stored(api: Server, call: Call) -> None:
    url, token = f"{api.url}/api", api.token("admin")
    level = call(lambda c: c.education.create_level(name=f"Level {uuid.uuid4()}"), url, token)
    grade = call(
        lambda c: c.education.create_grade(
            education_level_id=level.id, name="Grade 1", level="primary"
        ),
        url,
        token,
    )
    subject = call(
        lambda c: c.education.create_subject(grade_id=grade.id, name="Biology"), url, token
    )
    topic = call(lambda c: c.education.create_topic(subject_id=subject.id, name="Bees"), url, token)
    for upload in ("upload_document", "upload_resumable"):
        made = lossy(
            call,
            api,
            lambda c, upload=upload: getattr(c.files, upload)(
                topic.id, sample("pdf"), filename=f"{upload}.pdf"
            ),
        )
        found = call(lambda c: c.files.get_documents(topic.id), url, token)
        assert [each.id for each in found if each.name == f"{upload}.pdf"] == [made.id]
