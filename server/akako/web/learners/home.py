"""What the learner's start page shows."""

from __future__ import annotations

import msgspec

from akako.kernel.core.access import LEARNER, Actor
from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.learning.schemas import SubjectProgress
from akako.notifications import queries as notifications
from akako.notifications.schemas import Notification
from akako.notifications.texts import Say, english
from akako.web.learners import asked, queries
from akako.web.learners.asked import Request
from akako.web.learners.queries import Next, Offer

WATCHED_WHOLE = 0.95  # of a video: it starts from the beginning again
SUGGESTED = 3  # subjects


class Continue(Next, kw_only=True):
    """Where the learner continues, with the watched part of the video in percent."""

    watched: int | None


class Home(msgspec.Struct, kw_only=True):
    """The parts of the start page. Empty parts are not shown."""

    next: Continue | None = None
    next_subject: str = ""
    finished: bool = False
    suggested: list[Offer] = []  # after the last topic of all subjects
    waiting: list[Request] = []
    answered_within: float | None = None  # hours: the median of the school
    answers: list[Request] = []
    subjects: list[SubjectProgress] = []
    grades: list[Offer] = []
    offers: list[Offer] = []
    no_grades: bool = False
    news: list[Notification] = []


async def read_home(
    db: Database, actor: Actor, *, grade_id: str | None, say: Say = english
) -> Home:
    """Return the start page of a user.

    Args:
        grade_id: The grade that a new learner chose; an empty one shows the choice again.
        say: Returns texts in the language of the page.
    """
    listed = await queries.list_subjects(db, actor.user_id)
    requests = await asked.list_requests(db, actor.user_id)
    waiting = [each for each in requests if each.status == "PENDING"]
    # An approval counts when the time to undo it has passed.
    hidden = {each.subject_id for each in waiting}
    home = Home(
        waiting=waiting,
        answered_within=waiting[0].answered_within if waiting else None,
        answers=[each for each in requests if each.decided_at][: asked.RECENT_ANSWERS],
        subjects=[each for each, _ in listed if each.subject_id not in hidden],
    )
    _add_next(home, {each.subject_id: following for each, following in listed})
    if not grade_id:  # the choice of a subject is the whole page
        latest = listing.read(notifications.OWN, {"limit": "5"})
        home.news = list(
            (await notifications.list_of_user(db, actor.user_id, latest, say=say)).data
        )
    if actor.has(LEARNER):
        await _add_offers(db, actor, home, grade_id)
    return home


def _add_next(home: Home, following: dict[str, Next | None]) -> None:
    """Choose the topic of the subject that the learner used last."""
    for each in home.subjects:
        if topic := following[each.subject_id]:
            home.next = _continue(topic)
            home.next_subject = f"{each.subject_name}, {each.grade_name}"
            return
    home.finished = any(each.topics_total for each in home.subjects)


def _continue(following: Next) -> Continue:
    part = following.position / following.duration if following.duration else 0
    values = msgspec.structs.asdict(following)
    if part >= WATCHED_WHOLE:
        values["position"] = 0
    watched = min(100, int(part * 100)) if following.duration else None
    return Continue(**values, watched=watched)


async def _add_offers(db: Database, actor: Actor, home: Home, grade_id: str | None) -> None:
    """Add a grade's subjects or the choice of grades, where the learner has no subject."""
    if home.finished and not grade_id:
        await _suggest(db, actor, home)
    if grade_id:
        home.offers = await queries.list_offers(db, actor, grade_id)
    has_any = home.subjects or home.waiting
    if not home.offers and (grade_id is not None or not has_any):
        home.grades = await queries.list_grades(db, actor)
        home.no_grades = not home.grades


async def _suggest(db: Database, actor: Actor, home: Home) -> None:
    """Add subjects of the grade in which the learner was active last, without a request."""
    found = await queries.list_offers(db, actor, home.subjects[0].grade_id)
    free = [each for each in found if each.status not in {"PENDING", "APPROVED"} and each.count]
    home.suggested = free[:SUGGESTED]
