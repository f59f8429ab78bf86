"""Requests that wait for administrators, and administrators who decide them in a browser."""

from __future__ import annotations

from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from tests.enrollment.school import rows
from tests.factories import add_role, create_enrollment, create_subject, create_user, insert
from tests.parts.server import Server
from tests.web.lessons import sign_in

GIVEN = ("Ama", "Kofi", "Esi", "Yaw", "Abena", "Kwame", "Adjoa", "Kojo", "Akua", "Kwesi")
FAMILY = ("Boateng", "Mensah", "Owusu", "Asante", "Addo", "Osei", "Appiah", "Darko", "Agyeman")
MESSAGE = "I would like to join, because I want to become a nurse."
# Counts what a person clicks, over all pages of a tab.
COUNT_CLICKS = """
addEventListener("click", event => {
  if (!event.isTrusted || event.detail === 0) return;
  sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);
"""


class Waiting(NamedTuple):
    """A subject, and the ids and learners of its requests, the oldest first."""

    subject_id: str
    grade_id: str
    ids: list[str]
    learners: list[str]  # ids of users


def add_waiting(api: Server, number: int, *, subject: str = "Physics") -> Waiting:
    """Add a subject in a grade of its own with requests of named learners."""
    with api.db() as db:
        made = create_subject(db, name=subject)
        grade = f"Grade {rows(api, 'select count(*) from grades')[0][0]}"
        db.execute(
            "update grades set name = %s, name_key = lower(%s) where id = %s",
            (grade, grade, made.grade_id),
        )
        learners = [
            create_user(db, first_name=GIVEN[n % 10], last_name=FAMILY[n // 10 % 9]).id
            for n in range(number)
        ]
        ids = [create_enrollment(db, user_id=each, subject_id=made.id) for each in learners]
        db.execute(
            "update enrollments e set message = %s, requested_at = now() - interval '3 days' "
            "+ make_interval(mins => array_position(%s, id)) where id = any(%s)",
            (MESSAGE, ids, ids),
        )
    return Waiting(made.id, made.grade_id, ids, learners)


def add_applications(api: Server, number: int) -> list[str]:
    """Add applications of named learners; return their ids."""
    with api.db() as db:
        ids = []
        for n in range(number):
            user = create_user(db, first_name=GIVEN[n % 10], last_name=FAMILY[n % 9])
            ids.append(f"application{user.id}")
            text = "I have taught mathematics to the younger pupils of our club for two years."
            insert(
                db,
                "mentor_applications",
                id=ids[-1],
                user_id=user.id,
                motivation=text,
                qualifications="Certificate of the teachers' college" if n % 2 else None,
            )
    return ids


def add_admin(api: Server, first_name: str, last_name: str) -> str:
    """Add an administrator; return the Clerk id."""
    with api.db() as db:
        user = create_user(db, role="ADMIN", first_name=first_name, last_name=last_name)
        add_role(db, user_id=user.id, role="LEARNER")
    return user.clerk_id


def clear(api: Server) -> None:
    """Take all requests and applications out of the queues."""
    api.execute("delete from enrollments")
    api.execute("delete from mentor_applications")


def open_queue(
    browser: Browser,
    api: Server,
    *,
    who: str = "user_admin",
    path: str = "/admin/requests",
    **context: Any,
) -> Page:
    """Return a new tab of an administrator at a path; its clicks are counted from then on."""
    page = browser.new_context(**context).new_page()
    sign_in(page, api, who, "/admin")
    page.add_init_script(COUNT_CLICKS)  # not run without script
    page.goto(f"{api.url}{path}")
    return page


def clicks(page: Page) -> int:
    return int(page.evaluate("Number(sessionStorage.clicks ?? 0)"))


def states(api: Server, ids: list[str]) -> list[str]:
    """Return the status of each request in the order of the ids."""
    sql = "select id, status from enrollments where id = any(%s)"
    found = dict(rows(api, sql, ids))
    return [found[each] for each in ids]
