"""A school to look at: names, texts and progress as a real one has them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.education.school import add, enroll
from tests.library.school import Topic, put_video, upload, uploaded
from tests.parts.server import Server
from tests.screens.film import SECONDS, film

TEXT = """Two fractions can be added when they have the **same denominator**.

## How to do it

1. Find a number that both denominators divide.
2. Extend both fractions to that denominator.
3. Add the numerators, and keep the denominator.

| Task | Extended | Sum |
|---|---|---|
| 1/2 + 1/3 | 3/6 + 2/6 | 5/6 |
| 1/4 + 1/6 | 3/12 + 2/12 | 5/12 |
"""
MATHEMATICS = ["Fractions on a line", "Adding fractions", "Subtracting fractions", "Percent"]
SUBJECTS = {"Biology": ["Cells", "Roots and leaves"], "English": ["Reading a poem"], "Music": []}


class Places(NamedTuple):
    """The ids that addresses of pages need."""

    level: str
    grade: str
    subject: str
    topic: str
    locked: str
    learner: str


def build(api: Server, folder: Path) -> Places:
    """Fill a school in which the learner Esi has done some of everything."""
    mentor = {"mentorId": api.user_id("mentor")}
    learner = api.user_id("learner")
    level = add(api, "levels", name="Primary school", description="Grades 1 to 6")["id"]
    add(api, "levels", name="Evening classes", description="For everyone who works by day")
    grade = add(api, "grades", level, name="Grade 5")["id"]
    about = {"description": "Numbers, parts of numbers, and what they are good for.", **mentor}
    subject = add(api, "subjects", grade, name="Mathematics", **about)["id"]
    texts = ["", TEXT, "", ""]
    topics = [
        add(api, "topics", subject, name=name, content=text)["id"]
        for name, text in zip(MATHEMATICS, texts, strict=True)
    ]
    others = {}
    for name, names in SUBJECTS.items():
        others[name] = add(api, "subjects", grade, name=name, **mentor)["id"]
        for topic in names:
            add(api, "topics", others[name], name=topic, content="Read pages 4 to 9.")
    for each in (subject, others["English"]):
        enroll(api, each, learner)
    _fill_topic(api, Topic(topics[1], subject), folder)
    _learn(api, topics)
    _ask(api, others)
    locked = api.get(f"/api/education/subjects/{others['Biology']}/topics").json()["data"][0]["id"]
    return Places(level, grade, subject, topics[1], locked, learner)


def _fill_topic(api: Server, topic: Topic, folder: Path) -> None:
    uploaded(put_video(api, topic, film(folder)))
    for name in ("Worksheet fractions.txt", "Fraction wall.txt"):
        uploaded(upload(api, topic, name, b"one half\n" * 4_000))


def _learn(api: Server, topics: list[str]) -> None:
    api.put(f"/api/progress/topics/{topics[0]}", as_="learner", json={"markedDone": True})
    part = {"positionSeconds": 252, "durationSeconds": SECONDS, "watched": [[0, 252]]}
    api.put(f"/api/progress/topics/{topics[1]}", as_="learner", json=part)
    text = "Find the common denominator first.\n1/2 + 1/3 = 3/6 + 2/6 = 5/6"
    note = {"content": text, "sharedWithMentor": True}
    saved = api.put(f"/api/notes/topics/{topics[1]}", as_="learner", json=note).json()["data"]
    reply = {"content": "Well seen. Can you do the same with 1/4 + 1/6?"}
    api.put(f"/api/mentor/notes/{saved['id']}/reply", as_="mentor", json=reply)


def _ask(api: Server, others: dict[str, str]) -> None:
    """Requests of the learner: one waits, one has an answer; and some of others for the queue."""
    sent = {
        name: api.post(
            "/api/enrollment/request",
            as_="learner",
            json={"subjectId": others[name], "message": "I would like to join."},
        ).json()["data"]["id"]
        for name in ("Biology", "Music")
    }
    reject = {"reason": "Music starts again in September."}
    api.put(f"/api/admin/enrollment/{sent['Music']}/reject", as_="admin", json=reject)
    for column, id_ in (("decided_at", sent["Music"]), ("requested_at", sent["Biology"])):
        earlier = f"update enrollments set {column} = {column} - interval '3 hours' where id = %s"
        api.execute(earlier, id_)
    pupils = [api.user(f"pupil{number}") for number in range(3)]
    names = (("Ama", "Serwaa"), ("Yaw", "Darko"), ("Efua", "Addo"))
    for who, (first, last) in zip(pupils, names, strict=True):
        api.put("/api/auth/profile", as_=who, json={"firstName": first, "lastName": last})
        for subject_id in others.values():
            api.post("/api/enrollment/request", as_=who, json={"subjectId": subject_id})
    apply = {"motivation": "I have taught biology for ten years and would like to go on here."}
    api.post("/api/mentor/apply", as_=pupils[0], json=apply)
