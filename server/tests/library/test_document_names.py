"""The name and description of a document change; its file stays."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.library.school import Topic, add_topic, upload, uploaded
from tests.parts.server import Server


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


def change(
    api: Server, topic: Topic, document_id: str, as_: str = "mentor", **body: Any
) -> httpx2.Response:
    path = f"/api/admin/education/topics/{topic.id}/documents/{document_id}"
    return api.put(path, as_=as_, json=body)


def test_name_and_description_change_one_by_one(api: Server, topic: Topic) -> None:
    made = uploaded(upload(api, topic, "Worksheet.txt"))
    named = change(api, topic, made["id"], name="Monday").json()["data"]
    assert named == {**made, "name": "Monday"}
    described = change(api, topic, made["id"], description="For pairs").json()["data"]
    assert described == {**named, "description": "For pairs"}
    assert change(api, topic, made["id"], description=None).json()["data"] == named
    assert change(api, topic, made["id"]).json()["data"] == named
    path = f"/api/admin/audit?resourceId={made['id']}&action=document.updated"
    entries = api.get(path, as_="admin").json()["data"]
    assert [entry["after"]["changed"] for entry in entries] == [
        ["description"],
        ["description"],
        ["name"],
    ]
    assert "Monday" not in str(entries)


@pytest.mark.parametrize("body", [{"name": ""}, {"name": None}, {"name": "x" * 201}, {"file": "x"}])
def test_invalid_fields_are_refused(api: Server, topic: Topic, body: dict[str, Any]) -> None:
    made = uploaded(upload(api, topic, "Worksheet.txt"))
    refused = change(api, topic, made["id"], **body)
    assert refused.status_code == 422
    assert next(iter(body)) in refused.text


def test_only_documents_of_the_topic_are_changed(api: Server, topic: Topic) -> None:
    made = uploaded(upload(api, topic, "Worksheet.txt"))
    other = add_topic(api)
    assert change(api, other, made["id"], name="x").status_code == 404
    assert change(api, topic, "unknown", name="x").status_code == 404
    assert change(api, topic, made["id"], as_="learner", name="x").status_code == 403
