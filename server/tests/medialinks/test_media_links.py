"""Media links stream a file without a token, for as long as their user may read it."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from akako.backends.database.pool import Pool
from akako.kernel.core.errors import Unauthorized
from akako.kernel.core.ids import new_id
from akako.kernel.core.ports import Claims
from akako.medialinks.service import MediaLinks
from tests.conftest import StartServer
from tests.factories import create_enrollment
from tests.library.school import (
    Topic,
    add_topic,
    enroll,
    put_video,
    refused,
    upload,
    uploaded,
    video,
)
from tests.parts.server import Server

TEXT = b"Two and two are four.\n" * 500


class Material:
    """A topic with a document and a video, and the links of a caller to both."""

    def __init__(self, api: Server) -> None:
        self.api = api
        self.topic: Topic = add_topic(api)
        self.document: dict[str, Any] = uploaded(upload(api, self.topic, "notes.txt", TEXT))
        uploaded(put_video(api, self.topic, video(9)))

    def ask(self, who: str | None) -> dict[str, httpx2.Response]:
        paths = {
            "document": f"/api/s3/document/{self.document['id']}/link",
            "video": f"/api/education/topics/{self.topic.id}/video/link",
        }
        return {kind: self.api.post(path, as_=who) for kind, path in paths.items()}

    def links(self, who: str) -> dict[str, str]:
        found = self.ask(who)
        assert {each.status_code for each in found.values()} == {201}, found["video"].text
        return {kind: str(each.json()["data"]["url"]) for kind, each in found.items()}

    def close_account(self, who: str, status: str) -> None:
        self.api.execute("update users set status = %s where clerk_id = %s", status, who)


@pytest.fixture
def material(api: Server) -> Material:
    return Material(api)


@pytest.fixture
def pupil(api: Server, material: Material) -> str:
    """An enrolled learner who has no other role."""
    who = api.user(f"pupil{new_id()}")
    enroll(api, material.topic, who, "APPROVED")
    return who


def test_a_link_streams_what_its_endpoint_streams(
    api: Server, material: Material, pupil: str
) -> None:
    for kind, link in material.links(pupil).items():
        path = material.document["url"] if kind == "document" else material.topic.video
        with_token, without = api.get(path, as_=pupil), api.get(link)
        assert (without.status_code, without.content) == (200, with_token.content)
        for name in ("etag", "last-modified", "content-type", "content-disposition"):
            assert without.headers[name] == with_token.headers[name]
        assert without.headers["cache-control"] == "private, no-cache"
        tag = without.headers["etag"]
        part = api.get(link, headers={"Range": "bytes=3-9", "If-Range": tag})
        assert (part.status_code, part.content) == (206, without.content[3:10])
        assert api.get(link, headers={"If-None-Match": tag}).status_code == 304
        assert api.get(link, headers={"If-Match": '"other"'}).status_code == 412
        assert api.get(link, headers={"Range": "bytes=99999999-"}).status_code == 416
        bare = api.request("HEAD", link)
        assert (bare.status_code, bare.content) == (200, b"")
        assert int(bare.headers["content-length"]) == len(without.content)
        shown = api.get(f"{link}?disposition=inline")
        expected = "inline" if kind == "video" else "attachment"
        assert shown.headers["content-disposition"].startswith(expected)


def test_the_response_names_the_link_and_its_end(
    api: Server, material: Material, pupil: str
) -> None:
    for response in material.ask(pupil).values():
        data = response.json()["data"]
        assert set(data) == {"url", "expiresAt"}
        assert data["url"].startswith("/api/media/")
        assert response.headers["location"] == data["url"]
        assert response.headers["cache-control"] == "no-store"
        left = datetime.fromisoformat(data["expiresAt"]) - datetime.now(UTC)
        assert 5.98 * 3600 < left.total_seconds() <= 6 * 3600
        sealed = data["url"].rpartition("/")[2]
        readable = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)) + sealed.encode()
        for fact in (pupil, api.user_id(pupil), material.topic.id):
            assert fact.encode() not in readable


def test_who_may_not_read_gets_no_link(api: Server, material: Material) -> None:
    stranger = api.user(f"stranger{new_id()}")
    for response in material.ask(stranger).values():
        assert refused(response, 403, "FORBIDDEN")["reason"] == "not_enrolled"
    for response in material.ask(None).values():
        refused(response, 401, "UNAUTHORIZED")
    unknown = new_id()
    for path in (
        f"/api/s3/document/{unknown}/link",
        f"/api/education/topics/{unknown}/video/link",
        f"/api/education/topics/{add_topic(api).id}/video/link",
    ):
        refused(api.post(path, as_="admin"), 404, "NOT_FOUND")


def test_a_link_ends_with_the_enrollment(api: Server, material: Material, pupil: str) -> None:
    links = material.links(pupil)
    cancel = "update enrollments set status = 'CANCELLED' where user_id = %s"
    api.execute(cancel, api.user_id(pupil))
    for link in links.values():
        assert refused(api.get(link), 403, "FORBIDDEN")["reason"] == "not_enrolled"
    with api.db() as db:
        create_enrollment(
            db,
            user_id=api.user_id(pupil),
            subject_id=material.topic.subject_id,
            status="APPROVED",
        )
    assert {api.get(link).status_code for link in links.values()} == {200}


def test_a_mentors_link_ends_with_the_subject(api: Server, material: Material) -> None:
    who = api.user(f"teacher{new_id()}")
    user_id = api.user_id(who)
    api.execute("update user_roles set role = 'MENTOR' where user_id = %s", user_id)
    own = "update subjects set mentor_id = %s where id = %s"
    api.execute(own, user_id, material.topic.subject_id)
    links = material.links(who)
    api.execute(own, None, material.topic.subject_id)
    for link in links.values():
        assert refused(api.get(link), 403, "FORBIDDEN")["reason"] == "not_owner"


@pytest.mark.parametrize("status", ["INACTIVE", "SUSPENDED"])
def test_a_link_ends_with_the_account(
    api: Server, material: Material, pupil: str, status: str
) -> None:
    links = material.links(pupil)
    material.close_account(pupil, status)
    for link in links.values():
        assert refused(api.get(link), 403, "FORBIDDEN")["reason"] == "account_inactive"
        assert api.request("HEAD", link).status_code == 403
    material.close_account(pupil, "ACTIVE")
    assert {api.get(link).status_code for link in links.values()} == {200}


def test_a_link_ends_with_the_session(api: Server, material: Material, pupil: str) -> None:
    session = f"sess_{new_id()}"
    token = api.token(pupil, sid=session)
    path = f"/api/education/topics/{material.topic.id}/video/link"
    made = api.post(path, headers={"Authorization": f"Bearer {token}"}).json()["data"]
    assert api.get(made["url"]).status_code == 200
    api.execute("insert into ended_sessions (session_id) values (%s)", session)
    refused(api.get(made["url"]), 401, "UNAUTHORIZED")


def test_deleted_files_are_gone(api: Server, material: Material, pupil: str) -> None:
    links = material.links(pupil)
    topic, document_id = material.topic, material.document["id"]
    api.delete(f"/api/admin/education/topics/{topic.id}/documents/{document_id}", as_="admin")
    api.delete(topic.video_admin, as_="admin")
    for kind, link in links.items():
        assert refused(api.get(link), 404, "NOT_FOUND")["resource"] == kind


def test_a_replaced_video_is_the_new_one(api: Server, material: Material, pupil: str) -> None:
    link = material.links(pupil)["video"]
    uploaded(put_video(api, material.topic, video(77)))
    assert api.get(link).content == video(77)


def test_no_changed_link_works(api: Server, material: Material, pupil: str) -> None:
    one, other = material.links(pupil).values()
    prefix, _, sealed = one.rpartition("/")
    forged = [sealed[:-1], sealed + "A", sealed + "=", "A" * len(sealed), "x", new_id()]
    forged += [sealed[:16] + other.rpartition("/")[2][16:]]
    for at in (0, 5, len(sealed) // 2, len(sealed) - 1):
        for letter in "AB-_":
            if sealed[at] != letter:
                forged.append(sealed[:at] + letter + sealed[at + 1 :])
    for link in forged:
        details = refused(api.get(f"{prefix}/{link}"), 401, "UNAUTHORIZED")
        assert details == {"reason": "invalid"}
        # A token does not help.
        assert api.get(f"{prefix}/{link}", as_="admin").status_code == 401


def test_a_link_expires_after_six_hours(api: Server) -> None:
    claims = Claims(subject="user_123", expires_at=1.0)

    async def run() -> None:
        assert api.database_url
        db = Pool(api.database_url, size=1)
        now = 1_000_000.0
        links = MediaLinks(db, clock=lambda: now)
        link = (await links.create(claims, "video", "1")).url.rpartition("/")[2]
        now += 6 * 3600 - 1
        assert (await links.read(link)).file_id == "1"
        now += 1
        with pytest.raises(Unauthorized) as refusal:
            await links.read(link)
        assert refusal.value.details == {"reason": "expired"}
        await db.close()

    asyncio.run(run())


def test_servers_share_the_key_and_logs_do_not_contain_links(
    start_server: StartServer,
) -> None:
    first = start_server({"AKAKO_LOG_LEVEL": "debug"})
    public = {"AKAKO_PUBLIC_URL": "https://school.example.com/", "AKAKO_LOG_LEVEL": "debug"}
    second = start_server(public, database_url=first.database_url, folder=first.folder)
    material = Material(first)
    link = material.links("admin")["video"]
    assert second.get(link).content == video(9)
    other = second.post(f"{material.topic.video}/link", as_="admin").json()["data"]["url"]
    origin, path = other[: len("https://school.example.com")], other[26:]
    assert origin == "https://school.example.com"
    assert path.startswith("/api/media/")
    assert first.get(path).content == video(9)
    written = first.log() + second.log() + first.get("/metrics").text
    assert "/api/media/{link}" in written
    assert link.rpartition("/")[2] not in written
    assert path.rpartition("/")[2] not in written


def test_requests_by_link_count_for_their_user(start_server: StartServer) -> None:
    api = start_server({"AKAKO_RATE_LIMIT_MEDIA": "5/60"})
    material = Material(api)
    one, other = (api.user(f"{name}{new_id()}") for name in ("one", "other"))
    for who in (one, other):
        enroll(api, material.topic, who, "APPROVED")
    links = {who: material.links(who)["video"] for who in (one, other)}  # two hits each
    statuses = [api.get(links[one]).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert api.get(links[other]).status_code == 200
