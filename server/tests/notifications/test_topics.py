"""Learners are notified of published topics by a job, at most once an hour for a subject."""

from __future__ import annotations

from typing import Any

from akako.backends.database.pool import Pool
from akako.notifications import announcing, queries
from tests.enrollment.school import add_learners, add_subject, rows
from tests.notifications.inbox import (
    await_announced,
    await_inbox,
    enrolled,
    hidden_topic,
    inbox,
)
from tests.parts.server import Server

TYPE = "topic.published"
OF_SUBJECT = """
select user_id, (data ->> 'count')::int from notifications
where type = 'topic.published' and data ->> 'subjectId' = %s order by user_id
"""


def publish(api: Server, subject_id: str, **more: Any) -> str:
    """Create a topic, active unless `more` says otherwise; return its id."""
    number = rows(api, "select count(*) from topics where subject_id = %s", subject_id)[0][0]
    body = {"name": f"Topic {number}", "subjectId": subject_id, **more}
    response = api.post("/api/admin/education/topics", as_="admin", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])


def pool(api: Server) -> Pool:
    assert api.database_url
    return Pool(api.database_url, size=2)


def show(api: Server, topic_id: str, *, active: bool = True) -> None:
    path = f"/api/admin/education/topics/{topic_id}"
    assert api.put(path, as_="admin", json={"isActive": active}).is_success


def test_enrolled_learners_learn_of_a_new_topic(api: Server) -> None:
    subject, who, other = add_subject(api, name="Botany"), api.user("botanist"), api.user("guest")
    enrolled(api, subject.id, api.user_id(who))
    topic_id = publish(api, subject.id)
    (found,) = await_inbox(api, who, 1, TYPE)
    assert found["title"] == "New topic in Botany"
    assert found["body"] == "Topic 0 was published."
    assert found["link"] == f"/topics/{topic_id}"
    assert found["data"]["topicId"] == topic_id
    assert found["data"]["subjectId"] == subject.id
    await_announced(api, subject.id)
    assert inbox(api, other) == []


def test_topics_of_a_subject_within_an_hour_are_one_notification(api: Server) -> None:
    subject, who = add_subject(api, name="Zoology"), api.user("zoologist")
    enrolled(api, subject.id, api.user_id(who))
    topics = [publish(api, subject.id)]
    (found,) = await_inbox(api, who, 1, TYPE)
    api.put(f"/api/notifications/{found['id']}/read", as_=who)
    topics += [publish(api, subject.id), hidden_topic(api, subject.id)]
    show(api, topics[2])
    await_announced(api, subject.id)
    (found,) = inbox(api, who)
    assert found["data"]["topicIds"] == topics
    assert found["data"]["count"] == 3
    assert found["title"] == "3 new topics in Zoology"
    assert found["link"] == f"/subjects/{subject.id}"
    assert not found["read"]
    api.execute(
        "update topic_publications set published_at = published_at - interval '61 minutes' "
        "where subject_id = %s",
        subject.id,
    )
    publish(api, subject.id)
    await_announced(api, subject.id)
    assert sorted(each["data"]["count"] for each in inbox(api, who)) == [1, 3]


def test_topics_from_before_the_approval_are_not_announced(api: Server) -> None:
    subject, first, second = add_subject(api), api.user("geologist"), api.user("miner")
    enrolled(api, subject.id, api.user_id(first))
    topics = [publish(api, subject.id)]
    await_announced(api, subject.id)
    late = enrolled(api, subject.id, api.user_id(second))
    api.execute("update enrollments set decided_at = now() where id = %s", late)
    topics += [publish(api, subject.id), publish(api, subject.id)]
    await_announced(api, subject.id)
    for who, expected in ((first, topics), (second, topics[1:])):
        (found,) = inbox(api, who)
        assert found["data"]["topicIds"] == expected
        assert found["data"]["count"] == len(expected)


def test_a_notification_has_no_link_to_what_is_hidden_since(api: Server) -> None:
    subject, who = add_subject(api, name="Mycology"), api.user("mycologist")
    enrolled(api, subject.id, api.user_id(who))
    topic_id = publish(api, subject.id)
    await_inbox(api, who, 1, TYPE)
    grade = f"/api/admin/education/grades/{subject.grade_id}"
    for active, link in ((False, None), (True, f"/topics/{topic_id}")):
        assert api.put(grade, as_="admin", json={"isActive": active}).is_success
        (found,) = inbox(api, who)
        assert found["link"] == link
        assert ("Mycology" in found["title"]) is active


def test_changes_of_topics_that_publish_nothing_notify_of_nothing(api: Server) -> None:
    subject = add_subject(api)
    enrolled(api, subject.id, add_learners(api, 1)[0])
    topic_id = publish(api, subject.id, isActive=False)
    path = f"/api/admin/education/topics/{topic_id}"
    assert api.put(path, as_="admin", json={"content": "More"}).is_success
    sql = "select count(*) from topic_publications where subject_id = %s"
    assert rows(api, sql, subject.id) == [(0,)]
    show(api, topic_id)
    show(api, topic_id)
    assert rows(api, sql, subject.id) == [(1,)]


async def test_the_job_can_be_repeated_and_leaves_out_what_was_hidden(api: Server) -> None:
    subject = add_subject(api)
    learners = sorted(add_learners(api, 3))
    for each in learners:
        enrolled(api, subject.id, each)
    first, second = hidden_topic(api, subject.id), hidden_topic(api, subject.id)
    for topic_id in (first, second):
        api.execute(
            "insert into topic_publications (id, subject_id, topic_id) values (%s, %s, %s)",
            topic_id,
            subject.id,
            topic_id,
        )
    api.execute("update topics set is_active = true where id = %s", first)
    db = pool(api)
    try:
        await announcing.announce(db, subject_id=subject.id)
        api.execute(
            "update topic_publications set announced_at = null, "
            "published_at = published_at - interval '2 minutes' where subject_id = %s",
            subject.id,
        )
        await announcing.resume(db)
    finally:
        await db.close()
    assert rows(api, OF_SUBJECT, subject.id) == [(each, 1) for each in learners]


async def test_an_approval_that_is_undone_takes_its_topics_along(api: Server) -> None:
    subject, (learner,) = add_subject(api), add_learners(api, 1)
    enrollment_id = enrolled(api, subject.id, learner)
    api.execute("update enrollments set decided_at = now() where id = %s", enrollment_id)
    publish(api, subject.id)
    await_announced(api, subject.id)
    assert rows(api, OF_SUBJECT, subject.id) == [(learner, 1)]
    assert api.post(f"/api/admin/enrollment/{enrollment_id}/reopen", as_="admin").is_success
    assert rows(api, OF_SUBJECT, subject.id) == []


async def test_undoing_waits_for_a_fan_out_that_has_begun(api: Server) -> None:
    """The job has locked the approval, so its notification is there when reopening deletes it."""
    subject, (learner,) = add_subject(api), add_learners(api, 1)
    enrollment_id = enrolled(api, subject.id, learner)
    api.execute("update enrollments set decided_at = now() where id = %s", enrollment_id)
    db = pool(api)
    try:
        async with db.transaction() as tx:
            found = await tx.fetch(announcing.RECENT, subject.id, "", 10)
            assert [row["id"] for row in found] == [enrollment_id]
            sql = """
            select count(*) from (
                select from enrollments where id = %s for update skip locked) free
            """
            assert rows(api, sql, enrollment_id) == [(0,)]
    finally:
        await db.close()


async def test_ten_thousand_learners_do_not_hold_the_request(api: Server) -> None:
    subject = add_subject(api)
    api.execute(
        "insert into users (id, clerk_id, plan) "
        "select 'mass' || n, 'user_mass' || n, 'FREE' from generate_series(1, 10000) n"
    )
    api.execute(
        "insert into enrollments (id, user_id, subject_id, status) "
        "select 'mass' || n, 'mass' || n, %s, 'APPROVED' from generate_series(1, 10000) n",
        subject.id,
    )
    publish(api, subject.id)
    await_announced(api, subject.id)
    sql = """
    select count(*) from notifications where type = 'topic.published' and data->>'subjectId' = %s
    """
    assert rows(api, sql, subject.id) == [(10_000,)]


async def test_old_notifications_and_those_of_deleted_users_expire(api: Server) -> None:
    old, new, gone = add_learners(api, 3)
    for user_id, days in ((old, 91), (new, 89), (gone, 1)):
        api.execute(
            "insert into notifications (id, user_id, type, created_at) "
            "values (%s, %s, 'note.shared', now() - make_interval(days => %s))",
            user_id,
            user_id,
            days,
        )
    api.execute("alter table users disable trigger notifications_forgotten")
    api.execute("update users set deleted_at = now() where id = %s", gone)
    api.execute("alter table users enable trigger notifications_forgotten")
    db = pool(api)
    try:
        await queries.delete_expired(db)
    finally:
        await db.close()
    sql = "select id from notifications where id = any(%s)"
    assert rows(api, sql, [old, new, gone]) == [(new,)]
