"""The story of a school, over a line that breaks; prints what came of it.

The TypeScript SDK tells the same one. The argument names the client: `blocking` or `async`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from akako_lms import AkakoError
from calls import Perform, call_async, call_blocking

CALLS = {"blocking": call_blocking, "async": call_async}


class EnoughError(Exception):
    """The mentor closes the lid."""


class Journey:
    def __init__(self, client: str, film: Path) -> None:
        self._call = CALLS[client]
        self._tokens: dict[str, str] = json.loads(os.environ["AKAKO_TOKENS"])
        self._film = film

    def _as(self, who: str, perform: Perform) -> Any:
        return self._call(perform, f"{os.environ['AKAKO_URL']}/api", self._tokens[who])

    def run(self) -> dict[str, Any]:
        subject, topic = self._build()
        uploaded = self._upload(topic)
        try:
            refused = self._watch(topic)
        except AkakoError as error:
            refused = error.code
        asked = self._as(
            "learner", lambda c: c.enrollment.request_enrollment(subject, message="Please")
        )
        (pending,) = self._as(
            "admin", lambda c: c.enrollment.get_pending_enrollments(subject_id=subject)
        )
        approved = self._as("admin", lambda c: c.enrollment.approve_enrollment(pending.id))
        users = self._as("admin", lambda c: c.users.iter_users(sort="createdAt", order="asc"))
        return {
            "topic": topic,
            **uploaded,
            "refused": refused,
            "approved": [approved.id == asked.id, approved.status],
            "downloaded": self._watch(topic),
            "users": len({user.id for user in users if user.last_name == "Crowd"}),
        }

    def _build(self) -> tuple[str, str]:
        """The ids of a subject and of its topic."""
        mentor = self._as("mentor", lambda c: c.auth.get_profile())
        level = self._as("admin", lambda c: c.education.create_level(name=f"Level {uuid.uuid4()}"))
        grade = self._as(
            "admin",
            lambda c: c.education.create_grade(
                education_level_id=level.id, name="Grade 1", level="primary"
            ),
        )
        subject = self._as(
            "admin",
            lambda c: c.education.create_subject(
                grade_id=grade.id, name="Biology", mentor_id=mentor.id
            ),
        )
        topic = self._as(
            "mentor", lambda c: c.education.create_topic(subject_id=subject.id, name="Bees")
        )
        return subject.id, topic.id

    def _upload(self, topic: str) -> dict[str, Any]:
        """Stop after a quarter, and go on later."""
        ids: list[str] = []
        reported: list[int] = []

        def stop(done: int, total: int | None) -> None:
            if total and done > total / 4:
                raise EnoughError

        def upload(**options: Any) -> Any:
            return self._as(
                "mentor", lambda c: c.videos.upload_resumable(topic, self._film, **options)
            )

        stopped = False
        try:
            upload(started=ids.append, progress=stop)
        except EnoughError:
            stopped = True
        video = upload(upload_id=ids[0], progress=lambda done, total: reported.append(done))
        return {
            "upload": ids[0],
            "stopped": stopped,
            "uploaded": [video.version, video.size, video.sha256],
            "reported": reported[-1],
        }

    def _watch(self, topic: str) -> str:
        """The digest of the film as the learner gets it."""
        seen = io.BytesIO()
        self._as("learner", lambda c: c.videos.download_video(topic, seen))
        return hashlib.sha256(seen.getvalue()).hexdigest()


if __name__ == "__main__":
    print(json.dumps(Journey(sys.argv[1], Path(os.environ["AKAKO_FILM"])).run()))  # noqa: T201
