"""Every accepted type comes back byte by byte, named and typed as it should be."""

from __future__ import annotations

import json

import pytest

from tests.library.school import (
    DOCUMENT_TYPES,
    STREAM,
    VIDEO_TYPES,
    add_topic,
    put_video,
    refused,
    sample,
    sha256,
    upload,
    uploaded,
)
from tests.parts.server import Server


@pytest.mark.parametrize("ending", DOCUMENT_TYPES)
def test_a_document_comes_back_as_it_was_sent(api: Server, ending: str) -> None:
    content, mime = sample(ending), DOCUMENT_TYPES[ending]
    topic = add_topic(api)
    response = upload(api, topic, f"Sample.{ending.upper()}", content, type=mime)
    document = uploaded(response)
    assert response.status_code == 201
    assert document["fileName"] == document["name"] == f"Sample.{ending.upper()}"
    assert (document["mimeType"], document["size"]) == (mime, len(content))
    assert document["sha256"] == sha256(content)
    assert document["topicId"] == topic.id
    assert document["url"] == f"{STREAM}?documentId={document['id']}"
    assert document["url"] == response.headers["location"]
    assert not {"storageKey", "status"} & document.keys()

    stream = api.get(document["url"], as_="admin")
    assert (stream.status_code, stream.content) == (200, content)
    assert stream.headers["content-type"].split(";")[0] == mime
    assert int(stream.headers["content-length"]) == len(content)
    listed = api.get(topic.documents, as_="mentor").json()["data"]
    assert listed == [document]


@pytest.mark.parametrize("ending", VIDEO_TYPES)
def test_a_video_comes_back_as_it_was_sent(api: Server, ending: str) -> None:
    content, mime = sample(ending), VIDEO_TYPES[ending]
    topic = add_topic(api)
    response = put_video(api, topic, content, name=f"film.{ending}", type=mime, as_="mentor")
    video = uploaded(response)
    assert response.status_code == 201
    assert video["videoUrl"] == response.headers["location"] == topic.video
    assert (video["mimeType"], video["size"]) == (mime, len(content))
    assert (video["sha256"], video["version"]) == (sha256(content), 1)

    playback = api.get(topic.video, as_="mentor")
    assert (playback.status_code, playback.content) == (200, content)
    assert playback.headers["content-type"] == mime
    assert playback.headers["etag"] == response.headers["etag"]
    shown = api.get(f"/api/education/topics/{topic.id}", as_="mentor").json()["data"]
    assert (shown["videoUrl"], shown["hasVideo"]) == (topic.video, True)


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("a.pdf", "application/octet-stream"),
        ("a.pdf", None),
        ("a.jpg", "image/jpg"),
        ("a.jpeg", "image/jpeg"),
        ("a.md", "text/x-markdown"),
        ("a.csv", "application/vnd.ms-excel"),
    ],
)
def test_types_that_do_not_contradict_are_taken(api: Server, name: str, type: str | None) -> None:
    ending = {"jpeg": "jpg"}.get(name[2:], name[2:])
    document = uploaded(upload(api, add_topic(api), name, sample(ending), type=type))
    assert document["mimeType"] == DOCUMENT_TYPES[ending]


@pytest.mark.parametrize("type", ["application/ogg", "video/avi", "application/octet-stream"])
def test_videos_have_other_names_too(api: Server, type: str) -> None:
    ending = "avi" if "avi" in type else "ogg"
    sent = put_video(api, add_topic(api), sample(ending), name=f"a.{ending}", type=type)
    assert uploaded(sent)["mimeType"] == VIDEO_TYPES[ending]


def test_metadata_names_and_describes(api: Server) -> None:
    metadata = json.dumps({"name": " Lesson 1 ", "description": "Two\nand two", "pages": 3})
    topic = add_topic(api)
    document = uploaded(upload(api, topic, fields={"metadata": metadata}))
    assert (document["name"], document["description"]) == ("Lesson 1", "Two\nand two")
    assert document["fileName"] == "notes.txt"


def test_the_topic_may_be_quoted_as_in_the_reference(api: Server) -> None:
    topic = add_topic(api)
    assert uploaded(upload(api, f'"{topic.id}"'))["topicId"] == topic.id


def test_the_same_bytes_twice_are_two_documents(api: Server) -> None:
    topic = add_topic(api)
    first, second = uploaded(upload(api, topic)), uploaded(upload(api, topic))
    assert first["id"] != second["id"]
    listed = api.get(topic.documents, as_="admin").json()
    assert [each["id"] for each in listed["data"]] == [first["id"], second["id"]]
    assert listed["pagination"]["total"] == 2


def test_a_deleted_document_is_gone(api: Server) -> None:
    topic = add_topic(api)
    kept, document = uploaded(upload(api, topic)), uploaded(upload(api, topic))
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    answer = api.delete(path, as_="mentor")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"id": document["id"], "topicId": topic.id, "deleted": True}
    gone = refused(api.get(document["url"], as_="admin"), 404, "NOT_FOUND")
    assert gone == {"resource": "document", "id": document["id"]}
    refused(api.delete(path, as_="mentor"), 404, "NOT_FOUND")
    listed = api.get(topic.documents, as_="mentor").json()["data"]
    assert [each["id"] for each in listed] == [kept["id"]]
    shown = api.get(f"/api/education/topics/{topic.id}").json()["data"]
    assert shown["documentCount"] == 1


def test_only_the_document_that_was_seen_is_deleted(api: Server) -> None:
    topic = add_topic(api)
    document = uploaded(upload(api, topic))
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    seen = api.get(document["url"], as_="mentor").headers["etag"]
    for tag in ('"x"', f"W/{seen}", "x", ""):
        answer = api.delete(path, as_="mentor", headers={"If-Match": tag})
        assert refused(answer, 412, "PRECONDITION_FAILED") == {"currentETag": seen}
    assert api.get(document["url"], as_="mentor").status_code == 200
    assert api.get(f"/api/education/topics/{topic.id}").json()["data"]["documentCount"] == 1
    answer = api.delete(path, as_="mentor", headers={"If-Match": f'"x", {seen}'})
    assert answer.status_code == 200
    answer = api.delete(path, as_="mentor", headers={"If-Match": seen})
    refused(answer, 404, "NOT_FOUND")


def test_what_is_stored_is_audited_and_announced_without_its_name(api: Server) -> None:
    topic = add_topic(api)
    document = uploaded(upload(api, topic, "anna-schmidt.txt"))
    put_video(api, topic, name="anna-schmidt.mp4")
    with api.db() as db:
        trail = db.execute(
            "select action, after::text from audit_log where resource_id in (%s, %s) order by id",
            (document["id"], topic.id),
        ).fetchall()
        events = db.execute(
            "select type from outbox where data ->> 'topicId' = %s order by created_at", (topic.id,)
        ).fetchall()
    assert [action for action, _ in trail] == ["document.uploaded", "video.uploaded"]
    assert all("anna" not in after and "sha256" in after for _, after in trail)
    assert [kind for (kind,) in events] == ["document.uploaded", "video.uploaded"]
    assert "anna-schmidt" not in api.log()
