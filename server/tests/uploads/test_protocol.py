"""The tus protocol as clients speak it, from the first request to the document or video."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from time import time

import httpx2
import pytest

from tests.library.school import (
    MIB,
    Topic,
    add_topic,
    put_video,
    refused,
    sample,
    sha256,
    trace,
    upload,
    uploaded,
    video,
)
from tests.parts.server import Server
from tests.uploads.tus import (
    BYTES,
    UPLOADS,
    VERSION,
    append,
    begun,
    cancel,
    checksum,
    create,
    files,
    head,
    offset,
    plan,
    video_plan,
)

TEXT = b"Two and two are four.\n" * 1000


@pytest.fixture
def topic(api: Server) -> Topic:
    with api.db() as db:
        db.execute("delete from resumable_uploads")  # so that there is room for more
    return add_topic(api)


def assert_speaks_tus(response: httpx2.Response) -> None:
    assert response.headers["tus-resumable"] == "1.0.0"
    assert response.headers["cache-control"] == "no-store"


def test_a_document_in_three_pieces(api: Server, topic: Topic) -> None:
    created = create(api, len(TEXT), plan(topic, name="Sums", description="Two and two"))
    path = begun(created)
    assert created.headers["upload-offset"] == "0"
    kept = parsedate_to_datetime(created.headers["upload-expires"]).timestamp() - time()
    assert 23 * 3600 < kept <= 24 * 3600
    for at, end in ((0, 10), (10, 12_345), (12_345, len(TEXT))):
        response = append(api, path, at, TEXT[at:end])
        assert (response.status_code, response.content) == (204, b"")
        assert not {"content-length", "content-type"} & response.headers.keys()
        assert response.headers["upload-offset"] == str(end)
        assert "upload-expires" in response.headers
        assert_speaks_tus(response)
    response = head(api, path)
    stream = response.headers["upload-result"]
    assert api.get(stream, as_="admin").content == TEXT
    (document,) = api.get(topic.documents, as_="admin").json()["data"]
    assert document["url"] == stream
    assert (document["name"], document["description"]) == ("Sums", "Two and two")
    assert (document["fileName"], document["sha256"]) == ("notes.txt", sha256(TEXT))

    shown = api.get(path, as_="admin")
    assert_speaks_tus(shown)
    data = shown.json()["data"]
    assert (data["offset"], data["length"]) == (len(TEXT), len(TEXT))
    assert data["result"] == {"kind": "document", "id": document["id"], "url": stream}
    assert (data["document"], "video" in data) == (document, False)
    assert path.rsplit("/", 1)[1] not in files(api)


def test_a_resumed_document_is_like_a_plain_one(api: Server, topic: Topic) -> None:
    plain = uploaded(upload(api, topic, "notes.txt", TEXT))
    append(api, begun(create(api, len(TEXT), plan(topic))), 0, TEXT)
    resumed = api.get(topic.documents, as_="admin").json()["data"][1]
    differ = {name for name in plain if plain[name] != resumed[name]}
    assert differ == {"id", "createdAt", "url"}


def test_a_video_replaces_the_old_one_at_the_very_end(api: Server, topic: Topic) -> None:
    uploaded(put_video(api, topic, video(1)))
    film = video(3 * MIB)
    path = begun(create(api, len(film), video_plan(topic), as_="mentor"))
    append(api, path, 0, film[:MIB], as_="mentor")
    assert api.get(topic.video, as_="mentor").content == video(1)
    last = append(api, path, MIB, film[MIB:], as_="mentor")
    assert last.headers["x-upload-quota-limit"] == "100"
    assert last.headers["upload-result"] == topic.video
    assert api.get(topic.video, as_="mentor").content == film
    shown = api.get(path, as_="mentor").json()["data"]
    assert shown["result"] == {"kind": "video", "id": topic.id, "url": topic.video}
    assert (shown["video"]["version"], shown["video"]["sha256"]) == (2, sha256(film))
    assert api.delete(f"/api/admin/education/topics/{topic.id}/video", as_="admin").is_success
    assert "video" not in api.get(path, as_="mentor").json()["data"]


def test_the_first_piece_may_come_along(api: Server, topic: Topic) -> None:
    created = create(api, len(TEXT), plan(topic), content=TEXT[:100])
    assert created.headers["upload-offset"] == "100"
    done = create(api, len(TEXT), plan(topic), content=TEXT)
    assert done.headers["upload-offset"] == str(len(TEXT))
    assert done.json()["data"]["result"]["url"] == done.headers["upload-result"]
    assert begun(created) != begun(done)


@pytest.mark.parametrize("content", [b"a\0b", b"%PDF-1.7"])
def test_what_is_refused_at_once_leaves_nothing(api: Server, topic: Topic, content: bytes) -> None:
    before = trace(api), files(api)
    refused(create(api, len(content), plan(topic), content=content), 415, "UNSUPPORTED_MEDIA_TYPE")
    path = begun(create(api, len(content), plan(topic)))
    refused(append(api, path, 0, content), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(api.get(path, as_="admin"), 404, "NOT_FOUND")
    assert (trace(api), files(api)) == before


def test_options_tell_what_the_server_can(api: Server, topic: Topic) -> None:
    path = begun(create(api, 10, plan(topic)))
    for target, methods in ((UPLOADS, {"POST"}), (path, {"GET", "HEAD", "PATCH", "DELETE"})):
        response = api.request("OPTIONS", target)
        assert response.status_code == 200
        assert response.headers["tus-resumable"] == response.headers["tus-version"] == "1.0.0"
        extensions = response.headers["tus-extension"].split(",")
        assert set(extensions) >= {"creation", "expiration", "termination", "checksum"}
        assert "sha1" in response.headers["tus-checksum-algorithm"].split(",")
        assert methods <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1"])
def test_other_versions_are_refused(api: Server, topic: Topic, version: str | None) -> None:
    path = begun(create(api, 10, plan(topic)))
    given = {"Tus-Resumable": version} if version else {}
    new = {"Upload-Length": "10", "Upload-Metadata": plan(topic)}
    attempts: list[tuple[str, str, dict[str, str]]] = [
        ("POST", UPLOADS, new),
        ("PATCH", path, BYTES | {"Upload-Offset": "0"}),
        ("DELETE", path, {}),
    ]
    for method, target, headers in attempts:
        response = api.request(method, target, as_="admin", headers=given | headers)
        refused(response, 412, "TUS_VERSION_UNSUPPORTED")
        assert response.headers["tus-version"] == "1.0.0"
    assert api.request("HEAD", path, as_="admin", headers=given).status_code == 412
    assert offset(api, path) == 0


def test_head_returns_the_metadata_as_sent(api: Server, topic: Topic) -> None:
    sent = plan(topic) + ",relativePath bnVsbA=="
    path = begun(create(api, 10, sent))
    response = head(api, path)
    assert response.headers["upload-metadata"] == sent
    assert (response.headers["upload-offset"], response.headers["upload-length"]) == ("0", "10")
    assert_speaks_tus(response)


@pytest.mark.parametrize("at", [0, 4, 6, 10, 999999])
def test_a_piece_belongs_where_the_upload_stands(api: Server, topic: Topic, at: int) -> None:
    path = begun(create(api, 10, plan(topic)))
    append(api, path, 0, b"12345")
    response = append(api, path, at, b"6")
    assert refused(response, 409, "CONFLICT")["field"] == "Upload-Offset"
    assert_speaks_tus(response)
    assert offset(api, path) == 5


def test_no_byte_too_many(api: Server, topic: Topic) -> None:
    path = begun(create(api, 10, plan(topic)))
    append(api, path, 0, b"12345")
    refused(append(api, path, 5, b"678901"), 413, "PAYLOAD_TOO_LARGE")
    assert offset(api, path) == 5
    assert append(api, path, 5, b"").headers["upload-offset"] == "5"
    assert append(api, path, 5, b"67890").headers["upload-offset"] == "10"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_piece_may_carry_its_checksum(api: Server, topic: Topic, algorithm: str) -> None:
    path = begun(create(api, 10, plan(topic)))
    wrong = append(api, path, 0, b"12345", headers=checksum(b"12346", algorithm))
    refused(wrong, 460, "CHECKSUM_MISMATCH")
    assert offset(api, path) == 0
    right = append(api, path, 0, b"abcde", headers=checksum(b"abcde", algorithm))
    assert right.headers["upload-offset"] == "5"
    refused(
        append(api, path, 5, b"12345", headers=checksum(b"", algorithm)), 460, "CHECKSUM_MISMATCH"
    )
    done = append(api, path, 5, b"fghij", headers=checksum(b"fghij", algorithm))
    assert api.get(done.headers["upload-result"], as_="admin").content == b"abcdefghij"


@pytest.mark.parametrize("given", ["crc32 AAAA", "sha1", "sha1 !", ""])
def test_other_checksums_are_refused(api: Server, topic: Topic, given: str) -> None:
    path = begun(create(api, 10, plan(topic)))
    response = append(api, path, 0, b"12345", headers={"Upload-Checksum": given})
    assert refused(response, 400, "BAD_REQUEST") == {"reason": "invalid_checksum"}


def test_a_cancelled_upload_is_gone(api: Server, topic: Topic) -> None:
    path = begun(create(api, 10, plan(topic)))
    append(api, path, 0, b"12345")
    assert path.rsplit("/", 1)[1] in files(api)
    response = cancel(api, path)
    assert (response.status_code, response.content) == (204, b"")
    assert_speaks_tus(response)
    assert path.rsplit("/", 1)[1] not in files(api)
    for again in (cancel(api, path), append(api, path, 5, b"6"), api.get(path, as_="admin")):
        assert refused(again, 404, "NOT_FOUND")["resource"] == "upload"
        assert again.headers["tus-resumable"] == "1.0.0"


def test_cancelling_the_finished_leaves_the_document(api: Server, topic: Topic) -> None:
    path = begun(create(api, 5, plan(topic), content=b"12345"))
    document = api.get(path, as_="admin").json()["data"]["result"]
    assert cancel(api, path).status_code == 204
    assert api.get(document["url"], as_="admin").content == b"12345"


def test_finishing_twice_makes_one_document(api: Server, topic: Topic) -> None:
    path = begun(create(api, 5, plan(topic)))
    first, again = append(api, path, 0, b"12345"), append(api, path, 5, b"")
    assert again.status_code == 204
    assert again.headers["upload-result"] == first.headers["upload-result"]
    refused(append(api, path, 0, b"12345"), 409, "CONFLICT")
    assert len(api.get(topic.documents, as_="admin").json()["data"]) == 1
    assert path.rsplit("/", 1)[1] not in files(api)


def test_every_accepted_type_arrives(api: Server, topic: Topic) -> None:
    for ending in ("pdf", "docx", "png", "csv"):
        content = sample(ending)
        sent = plan(topic, filename=f"a.{ending}", filetype=None)
        done = append(api, begun(create(api, len(content), sent)), 0, content)
        assert api.get(done.headers["upload-result"], as_="admin").content == content


def test_the_same_beginning_twice_is_one_upload(api: Server, topic: Topic) -> None:
    key = VERSION | {"Idempotency-Key": topic.id}
    first, again = (create(api, 10, plan(topic), headers=key) for _ in range(2))
    assert begun(first) == begun(again)
    refused(create(api, 11, plan(topic), headers=key), 422, "IDEMPOTENCY_KEY_REUSED")
