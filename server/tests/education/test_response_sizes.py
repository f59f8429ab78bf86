"""No list response is larger than its bound, however long the texts in its rows are."""

from __future__ import annotations

import json

import pytest

from akako.kernel.core import envelope
from akako.kernel.core.envelope import Listed, Pagination
from akako.kernel.core.errors import ValidationFailed
from tests.education.school import PUBLIC, add_chain
from tests.enrollment.school import add_learners, add_subject
from tests.parts.server import Server

MIB = 1024 * 1024
TOPIC_LIST_BYTES = 4 * MIB
WIDE = "\U0001f600"  # four bytes in UTF-8
TOPICS = """
insert into topics (id, name, name_key, description, content, image_url, subject_id, created_at)
select %s || n, repeat(%s, 120), n, repeat(%s, 2000), repeat(%s, 200000),
       'https://e.com/' || repeat('a', 2034), %s, now() - make_interval(secs => 200 - n)
from generate_series(1, 100) n
"""
DOCUMENTS = """
insert into documents (id, topic_id, name, description, file_name, mime_type, size, sha256,
    storage_key, status, uploaded_by)
select t.id || 'd' || n, t.id, repeat('"', 200), repeat(%s, 1000), repeat(%s, 200),
       'application/pdf', 1, repeat('0', 64), t.id || 'k' || n, 'ACTIVE', %s
from topics t, generate_series(1, %s) n where t.subject_id = %s
"""
APPLICATIONS = """
insert into mentor_applications (id, user_id, motivation, qualifications, experience)
select id, id, repeat(%s, 5000), repeat(%s, 5000), repeat(%s, 5000) from users
where id = any(%s)
"""
REQUESTS = """
insert into enrollments (id, user_id, subject_id, message)
select id, id, %s, repeat(%s, 1000) from users where id = any(%s)
"""
ENTRIES = """
insert into audit_log (action, resource, resource_id, before, after)
select 'topic.updated', 'topic', 'wide', s, s from generate_series(1, 20),
    (select jsonb_build_object('name', 'x', 'content', repeat(%s, 200000)) as s) made
"""


def test_lists_of_topics_have_no_content(api: Server) -> None:
    chain = add_chain(api, mentor_id=api.user_id("mentor"), content="One and one is two.")
    path = f"{PUBLIC}/subjects/{chain.subject}/topics"
    for as_ in (None, "learner", "mentor", "admin"):
        (row,) = api.get(path, as_=as_).json()["data"]
        assert "content" not in row
    one = api.get(f"{PUBLIC}/topics/{chain.topic}", as_="mentor").json()["data"]
    assert one["content"] == "One and one is two."
    change = {"content": "Two"}
    changed = api.put(f"/api/admin/education/topics/{chain.topic}", as_="mentor", json=change)
    assert changed.json()["data"]["content"] == "Two"


def test_a_list_of_the_largest_topics_stays_small(api: Server) -> None:
    subject = add_subject(api).id
    api.execute(TOPICS, f"{subject[:20]}t", WIDE, WIDE, WIDE, subject)
    api.execute(DOCUMENTS, WIDE, WIDE, api.user_id("admin"), 100, subject)
    api.execute("update topics set document_count = 100 where subject_id = %s", subject)
    answer = api.get(f"{PUBLIC}/subjects/{subject}/topics?limit=100", as_="admin")
    rows = answer.json()["data"]
    assert len(rows) == 100
    size = len(answer.content)
    assert size < TOPIC_LIST_BYTES
    # The first documents are there, each of them whole; the count is that of all.
    assert all(0 < len(each["documents"]) < 100 == each["documentCount"] for each in rows)
    assert {len(each["documents"][0]["description"]) for each in rows} == {1000}
    assert [each["id"] for each in rows[0]["documents"]] == sorted(
        each["id"] for each in rows[0]["documents"]
    )


@pytest.mark.parametrize("path", ["/api/admin/mentor/pending", "/api/admin/enrollment/pending"])
def test_lists_of_the_longest_requests_stay_in_the_bound(api: Server, path: str) -> None:
    learners = add_learners(api, 100)
    if "mentor" in path:
        api.execute(APPLICATIONS, WIDE, WIDE, WIDE, learners)
    else:
        api.execute(REQUESTS, add_subject(api).id, WIDE, learners)
    answer = api.get(f"{path}?limit=100", as_="admin")
    rows, size = len(answer.json()["data"]), len(answer.content)
    assert (answer.status_code, rows) == (200, 100)
    assert size < envelope.LIST_BYTES


def test_audit_entries_of_earlier_versions_are_shown_by_their_size(api: Server) -> None:
    """Earlier versions stored whole texts."""
    api.execute(ENTRIES, WIDE)
    answer = api.get("/api/admin/audit?resourceId=wide&limit=100", as_="admin")
    rows, size = answer.json()["data"], len(answer.content)
    assert len(rows) == 20
    assert size < MIB
    assert rows[0]["before"].keys() == {"length"}
    assert rows[0]["before"]["length"] > 200_000


def test_a_page_beyond_the_bound_is_refused_and_a_smaller_one_is_not() -> None:
    pagination = Pagination(1, 2, 2, 1, hasNext=False, hasPrev=False)
    rows = ["x" * (envelope.LIST_BYTES // 2)] * 2
    with pytest.raises(ValidationFailed) as refused:
        envelope.listing(rows, pagination)
    assert refused.value.details["field"] == "limit"
    assert json.loads(envelope.listing(rows[:1], pagination))["data"] == rows[:1]
    assert Listed(data=rows, pagination=pagination).data == rows
