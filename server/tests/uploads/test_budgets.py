"""Unfinished uploads count: against the quota, against a user's bytes, and for 24 hours at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.library.school import (
    MIB,
    Topic,
    add_topic,
    count,
    eventually,
    put_video,
    refused,
    upload,
)
from tests.library.usage import new_mentor, set_used
from tests.parts.server import Server
from tests.uploads.tus import append, begun, cancel, create, files, head, plan, video_plan

FULL = 500 * MIB
TEXT = b"1234567890"


def set_plan(api: Server, who: str, plan: str) -> None:
    api.execute("update users set plan = %s where id = %s", plan, api.user_id(who))


def at_once(asking: Sequence[Callable[[], httpx2.Response]]) -> Counter[int]:
    """Return how many responses have each status, of requests made at the same time."""
    with ThreadPoolExecutor(len(asking)) as threads:
        answers = [threads.submit(ask) for ask in asking]
        return Counter(answer.result().status_code for answer in answers)


def test_a_free_mentor_with_three_left_begins_three(api: Server, mentor: str, topic: Topic) -> None:
    set_used(api, mentor, 7)
    paths = [begun(create(api, 10, plan(topic), as_=mentor)) for _ in range(3)]
    details = refused(create(api, 10, plan(topic), as_=mentor), 429, "QUOTA_EXCEEDED")
    assert (details["quota"], details["limit"]) == ("file_uploads", 10)
    refused(upload(api, topic, as_=mentor), 429, "QUOTA_EXCEEDED")
    refused(put_video(api, topic, as_=mentor), 429, "QUOTA_EXCEEDED")
    assert cancel(api, paths[0], as_=mentor).status_code == 204
    assert upload(api, topic, as_=mentor).status_code == 201
    for path in paths[1:]:
        assert append(api, path, 0, TEXT, as_=mentor).status_code == 204
    refused(upload(api, topic, as_=mentor), 429, "QUOTA_EXCEEDED")


def test_creations_at_once_share_what_is_left(api: Server, mentor: str, topic: Topic) -> None:
    set_used(api, mentor, 7)
    asking = [lambda: create(api, 10, plan(topic), as_=mentor)] * 8
    assert at_once(asking) == {201: 3, 429: 5}


def test_members_of_an_organisation_share_what_is_left(api: Server, topic: Topic) -> None:
    """The quota is the organisation's, so its members' creations wait for each other too."""
    organization = f"org_{topic.id}"
    api.execute("insert into organizations (id, plan) values (%s, 'FREE')", organization)
    used = "insert into usage_counters (subject, month, kind, used) values (%s, {}, %s, 8)"
    month = "date_trunc('month', now() at time zone 'UTC')::date"
    api.execute(used.format(month), f"organization:{organization}", "file_uploads")
    members = [new_mentor(api) for _ in range(6)]
    topics = [add_topic(api, mentor=each) for each in members]
    for each in members:
        api._tokens[each] = api.token(each, o={"id": organization})

    def creating(number: int) -> Callable[[], httpx2.Response]:
        return lambda: create(api, 10, plan(topics[number]), as_=members[number])

    assert at_once([creating(number) for number in range(6)]) == {201: 2, 429: 4}


def test_two_of_the_largest_files_can_be_unfinished(api: Server, mentor: str, topic: Topic) -> None:
    paths = [begun(create(api, FULL, video_plan(topic), as_=mentor)) for _ in range(2)]
    for metadata in (video_plan(topic), plan(topic)):
        details = refused(create(api, 10, metadata, as_=mentor), 409, "CONFLICT")
        assert details == {"resource": "upload", "field": "Upload-Length", "value": 10}
    assert cancel(api, paths[0], as_=mentor).status_code == 204
    assert begun(create(api, FULL, video_plan(topic), as_=mentor))


def test_creations_at_once_share_the_bytes(api: Server, mentor: str, topic: Topic) -> None:
    asking = [lambda: create(api, 300 * MIB, video_plan(topic), as_=mentor)] * 8
    assert at_once(asking) == {201: 3, 409: 5}


def test_creations_at_once_share_the_number(api: Server, mentor: str, topic: Topic) -> None:
    set_plan(api, mentor, "ENTERPRISE")
    for _ in range(47):
        begun(create(api, 10, plan(topic), as_=mentor))
    asking = [lambda: create(api, 10, plan(topic), as_=mentor)] * 8
    assert at_once(asking) == {201: 3, 409: 5}


def test_no_piece_prolongs_an_upload(api: Server, topic: Topic) -> None:
    path = begun(create(api, 10, plan(topic)))
    name = path.rpartition("/")[2]
    sql = "update resumable_uploads set expires_at = now() + interval '2 hours' where id = %s"
    api.execute(sql, name)
    expires = head(api, path).headers["upload-expires"]
    assert append(api, path, 0, TEXT[:5]).headers["upload-expires"] == expires
    assert head(api, path).headers["upload-expires"] == expires
    api.execute("update resumable_uploads set expires_at = now() where id = %s", name)
    refused(append(api, path, 5, TEXT[5:]), 404, "NOT_FOUND")


def test_an_upload_that_expires_during_a_piece_is_not_finished(api: Server, topic: Topic) -> None:
    path = begun(create(api, 3 * MIB, plan(topic)))
    name = path.rpartition("/")[2]

    def content() -> Iterator[bytes]:
        yield b"x" * (2 * MIB)
        eventually(lambda: files(api).get(name, 0) >= MIB)
        api.execute("update resumable_uploads set expires_at = now() where id = %s", name)
        yield b"x" * MIB

    refused(append(api, path, 0, content()), 404, "NOT_FOUND")
    assert count(api, "select count(*) from documents where topic_id = %s", topic.id) == 0


def test_the_budget_is_a_setting(start_server: Callable[..., Server]) -> None:
    api = start_server({"AKAKO_MAX_UNFINISHED_BYTES": "1000"})
    topic = add_topic(api)
    path = begun(create(api, 600, plan(topic)))
    refused(create(api, 401, plan(topic)), 409, "CONFLICT")
    begun(create(api, 400, plan(topic)))
    assert append(api, path, 0, b"x" * 600).status_code == 204
    begun(create(api, 600, plan(topic)))
