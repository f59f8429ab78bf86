"""A deleted document comes back while its file is there."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.library.at_once import together
from tests.library.school import Topic, add_topic, rows, sweep, upload, uploaded
from tests.parts.server import Server

JOBS = "select count(*) from procrastinate_jobs where args->>'key' = %s"


class Deleted:
    """A document that was deleted."""

    def __init__(self, api: Server, topic: Topic) -> None:
        self.api = api
        self.topic = topic
        self.document: dict[str, Any] = uploaded(upload(api, topic, "Worksheet.txt", b"1 + 1"))
        self.id = str(self.document["id"])
        self.path = f"/api/admin/education/topics/{topic.id}/documents/{self.id}"
        assert api.delete(self.path, as_="admin").status_code == 200

    def restore(self, as_: str = "mentor") -> httpx2.Response:
        return self.api.post(f"{self.path}/restore", as_=as_)

    @property
    def listed(self) -> list[str]:
        return [
            each["id"] for each in self.api.get(self.topic.documents, as_="mentor").json()["data"]
        ]

    @property
    def count(self) -> int:
        sql = "select document_count from topics where id = %s"
        return int(rows(self.api, sql, self.topic.id)[0][0])


@pytest.fixture
def deleted(api: Server) -> Deleted:
    return Deleted(api, add_topic(api))


def test_a_deleted_document_is_restored_once(api: Server, deleted: Deleted) -> None:
    assert (deleted.listed, deleted.count) == ([], 0)
    for _ in range(2):  # a document that is there stays as it is
        answer = deleted.restore()
        assert (answer.status_code, answer.json()["data"]) == (200, deleted.document)
        assert (deleted.listed, deleted.count) == ([deleted.id], 1)
    assert api.get(deleted.document["url"], as_="mentor").content == b"1 + 1"
    entries = api.get(f"/api/admin/audit?resourceId={deleted.id}", as_="admin").json()["data"]
    assert [each["action"] for each in entries] == [
        "document.restored",
        "document.deleted",
        "document.uploaded",
    ]
    [[key]] = rows(api, "select storage_key from documents where id = %s", deleted.id)
    assert rows(api, JOBS, key) == [(0,)]
    sweep(api)
    assert api.get(deleted.document["url"], as_="mentor").content == b"1 + 1"


def test_without_its_file_a_document_stays_deleted(api: Server, deleted: Deleted) -> None:
    sweep(api)
    assert deleted.restore().status_code == 404
    assert (deleted.listed, deleted.count) == ([], 0)


def test_the_same_callers_restore_who_delete(api: Server, deleted: Deleted) -> None:
    other = Deleted(api, add_topic(api, mentor=None))
    assert other.restore("mentor").status_code == 403
    assert other.restore("learner").status_code == 403
    assert other.restore("admin").status_code == 200
    path = f"/api/admin/education/topics/{other.topic.id}/documents/{deleted.id}/restore"
    assert api.post(path, as_="admin").status_code == 404


def test_a_full_topic_takes_no_document_back(api: Server, deleted: Deleted) -> None:
    api.execute("update topics set document_count = 100 where id = %s", deleted.topic.id)
    answer = deleted.restore()
    assert answer.status_code == 409
    assert answer.json()["details"]["field"] == "documents"
    api.execute("update topics set document_count = 0 where id = %s", deleted.topic.id)
    assert deleted.restore().status_code == 200  # the file was not given up


async def test_restoring_and_removing_at_once(api: Server) -> None:
    for _ in range(5):
        deleted = Deleted(api, add_topic(api))
        headers = api.headers("mentor")

        async def restore(
            client: httpx2.AsyncClient, path: str = deleted.path, sent: dict[str, str] = headers
        ) -> httpx2.Response:
            return await client.post(f"{path}/restore", headers=sent)

        answers = await together(api, restore, restore, restore)
        assert {each.status_code for each in answers} == {200}
        assert (deleted.listed, deleted.count) == ([deleted.id], 1)
