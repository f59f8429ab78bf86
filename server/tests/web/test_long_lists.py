"""Lists of more than a hundred entries have pages; the path of topics knows its place in all."""

from __future__ import annotations

import re

from tests.factories import create_level, create_subject
from tests.learning.school import add_learner, add_subject
from tests.parts.server import Server
from tests.web.visitor import signed_in

MANY = 101


def test_a_subject_with_many_topics_has_pages(api: Server) -> None:
    subject, topics = add_subject(api, topics=MANY)
    learner = add_learner(api, subject)
    visitor = signed_in(api, learner.clerk_id)
    first = visitor.get(f"/subjects/{subject}").text
    assert "Page 1 of 2" in first
    assert f'href="/topics/{topics[0]}?play=1"' in first
    assert f'href="/topics/{topics[-1]}"' not in first
    api.execute(
        "insert into topic_progress (user_id, topic_id, completed_at) "
        "select %s, unnest(%s::text[]), now()",
        learner.id,
        topics[:-1],
    )
    first = visitor.get(f"/subjects/{subject}").text
    assert first.count(">Done</span>") == MANY - 1
    assert f'href="/topics/{topics[-1]}?play=1"' in first  # Continue
    second = visitor.get(f"/subjects/{subject}?page=2").text
    assert re.search(
        rf'aria-hidden="true">{MANY}</span><span><a href="/topics/{topics[-1]}"', second
    )
    assert "You are here" in second
    assert visitor.get(f"/subjects/{subject}?page=3").status_code == 200


def test_the_pages_of_the_school_are_bounded_and_complete(api: Server) -> None:
    with api.db() as db:
        names = [f"Paged level {number:03}" for number in range(MANY)]
        ids = [create_level(db, name=name) for name in names]
        grade = create_subject(db, name="Paged subject 000").grade_id
        for number in range(1, MANY):
            made = create_subject(db, name=f"Paged subject {number:03}")
            db.execute("update subjects set grade_id = %s where id = %s", (grade, made.id))
    visitor = signed_in(api, "learner")
    for path, name in (("/browse", "Paged level"), (f"/browse/grades/{grade}", "Paged subject")):
        shown, number = set[str](), 1
        while True:
            page = visitor.get(f"{path}?page={number}").text
            found = re.findall(rf"{name} \d{{3}}", page)
            shown |= set(found)
            if f"{path}?page={number + 1}" not in page:
                break
            number += 1
        assert (len(shown), number >= 2) == (MANY, True), path
    api.execute("update education_levels set deleted_at = now() where id = any(%s)", ids)


def test_a_list_of_one_page_names_no_pages(api: Server) -> None:
    subject, _ = add_subject(api, topics=1)
    add_learner(api, subject)
    learners = signed_in(api, "user_mentor").get(f"/teach/subjects/{subject}/learners").text
    people = signed_in(api, "user_admin").get("/admin/people?q=Ama+Owusu").text
    assert "Percent" in learners
    assert f"/admin/people/{api.user_id('user_admin')}" in people
    assert "Page 1 of" not in learners + people
