"""Objects of every kind: of the caller, of another user, deleted, and unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from akako.kernel.core.ids import new_id
from tests.education.school import add_mentor, enroll
from tests.enrollment.school import add_learners, add_requests, add_subject
from tests.factories import Subject
from tests.library.school import Topic, put_video, upload, uploaded
from tests.parts.server import Server

Kind = Literal["own", "other", "deleted", "random"]
KINDS: tuple[Kind, ...] = ("own", "other", "deleted", "random")
Ids = dict[str, str]

# Where an operation names a thing elsewhere than in its path.
NAMED = {
    "streamDocument": "documentId",
    "uploadDocument": "topicId",
    "createGrade": "educationLevelId",
    "createSubject": "gradeId",
    "createTopic": "subjectId",
    "requestEnrollment": "subjectId",
}
TABLES = {
    "educationLevelId": "education_levels",
    "levelId": "education_levels",
    "gradeId": "grades",
    "subjectId": "subjects",
    "topicId": "topics",
}


class Operation(NamedTuple):
    """An operation as the description tells of it."""

    name: str
    method: str
    path: str
    facts: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """The ids it is given; the last is that of the thing that it is about."""
        path = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return path or [NAMED[self.name]]

    @property
    def media(self) -> str | None:
        return next(iter(self.facts.get("requestBody", {}).get("content", {})), None)

    @property
    def parameters(self) -> set[str]:
        found = self.facts.get("parameters", [])
        return {each["name"] for each in found if each.get("in") == "query"}


def operations(document: dict[str, Any]) -> list[Operation]:
    """All that are given the id of a thing; HEAD is GET without the body. A link is no id."""
    found = [
        Operation(facts["operationId"], method.upper(), path, facts)
        for path, methods in document["paths"].items()
        for method, facts in methods.items()
        if method not in ("head", "options") and "{link}" not in path
    ]
    return [each for each in found if "{" in each.path or each.name in NAMED]


class World:
    """Makes the things. Callers are the three ready sign-ins, each with one role."""

    def __init__(self, api: Server) -> None:
        self.api = api
        self.db = api.db()
        self.user_ids = {role: api.user_id(role.lower()) for role in ("ADMIN", "MENTOR", "LEARNER")}
        self.stranger, self.stranger_id = add_mentor(api, "elsewhere")

    def make(self, operation: Operation, role: str, kind: Kind) -> Ids:
        """What `operation` names, in the state in which it can be done to it."""
        about = operation.names[-1]
        if kind == "random" and len(operation.names) == 1:
            return {about: new_id()}
        if "webhookEndpointId" in operation.names:
            return self._webhook(operation, role, kind)
        made: dict[str, Callable[[], str]] = {
            "userId": lambda: self._user(role, kind),
            "enrollmentId": lambda: self._enrollment(operation, role, kind),
            "uploadId": lambda: self._upload(role, kind),
            "mentorApplicationId": lambda: self._application(operation, role, kind),
            "noteId": lambda: self._shared_note(role, kind),
            "notificationId": lambda: self._notification(role, kind),
            "organizationId": lambda: f"org_{new_id()}",
        }
        if about in made:
            return {about: made[about]()}
        return self._material(operation, role, kind)

    def _user(self, role: str, kind: Kind) -> str:
        user_id = self.user_ids[role] if kind == "own" else add_learners(self.api, 1)[0]
        windows = "delete from user_roles where user_id = %s and role = 'MENTOR'"
        self.db.execute(windows + " and effective_start > now()", (user_id,))
        later = "insert into user_roles (id, user_id, role, effective_start, effective_end) "
        later += "values (%s, %s, 'MENTOR', now() + interval '1 day', now() + interval '2 days')"
        self.db.execute(
            later,
            (
                new_id(),
                user_id,
            ),
        )
        if kind == "deleted":
            self._delete("users", user_id)
        return user_id

    def _enrollment(self, operation: Operation, role: str, kind: Kind) -> str:
        own = kind == "own" or (kind == "deleted" and operation.name == "cancelEnrollment")
        user_id = self.user_ids[role] if own else add_learners(self.api, 1)[0]
        subject = add_subject(self.api)
        (enrollment_id,) = add_requests(self.api, subject.id, [user_id])
        if kind == "deleted":  # its subject, because enrollments are not deleted
            self._delete("subjects", subject.id)
        if operation.name == "reopenEnrollment":
            decided = "update enrollments set status = 'REJECTED', decided_at = now() where id = %s"
            self.db.execute(decided, (enrollment_id,))
        return enrollment_id

    def _notification(self, role: str, kind: Kind) -> str:
        user_id = self.user_ids[role] if kind == "own" else add_learners(self.api, 1)[0]
        made = "insert into notifications (id, user_id, type) values (%s, %s, 'note.shared')"
        self.db.execute(made, (notification_id := new_id(), user_id))
        if kind == "deleted":
            self._delete("users", user_id)
        return notification_id

    def _application(self, operation: Operation, role: str, kind: Kind) -> str:
        user_id = self.user_ids[role] if kind == "own" else add_learners(self.api, 1)[0]
        self.db.execute("delete from mentor_applications where user_id = %s", (user_id,))
        made = "insert into mentor_applications (id, user_id, motivation) values (%s, %s, 'x')"
        self.db.execute(
            made,
            (
                application_id := new_id(),
                user_id,
            ),
        )
        if operation.name == "reopenApplication":
            decided = "update mentor_applications set status = 'REJECTED', decided_at = now() "
            self.db.execute(decided + "where id = %s", (application_id,))
        if kind == "deleted":
            self._delete("users", user_id)
        return application_id

    def _webhook(self, operation: Operation, role: str, kind: Kind) -> Ids:
        owner = self.stranger_id if kind == "other" else self.user_ids[role]
        ids = {"webhookEndpointId": new_id(), "webhookDeliveryId": new_id()}
        self.db.execute(
            "insert into webhook_endpoints (id, subject, url, description, events, is_active)"
            " values (%s, %s, 'https://hooks.example', '', '{user.deleted}', false)",
            (ids["webhookEndpointId"], f"user:{owner}"),
        )
        self.db.execute(
            "with event as (insert into outbox (id, type, data, delivered_at)"
            " values (%s, 'ping', '{}', now()) returning id)"
            " insert into webhook_deliveries (id, endpoint_id, event_id, event_type)"
            " select %s, %s, id, 'ping' from event",
            (new_id(), ids["webhookDeliveryId"], ids["webhookEndpointId"]),
        )
        about = operation.names[-1]
        if kind == "random":
            ids[about] = new_id()
        if kind == "deleted":
            table = "deliveries" if about == "webhookDeliveryId" else "endpoints"
            self.db.execute(f"delete from webhook_{table} where id = %s", (ids[about],))
        return {name: ids[name] for name in operation.names}

    def _upload(self, role: str, kind: Kind) -> str:
        user_id = self.stranger_id if kind == "other" else self.user_ids[role]
        topic = self._topic(add_subject(self.api, mentor_id=user_id))
        made = "insert into resumable_uploads (id, user_id, kind, topic_id, size, file_name, told, "
        made += "expires_at) values (%s, %s, 'document', %s, 100, 'a.txt', '', now() + '1 hour')"
        self.db.execute(made, (upload_id := new_id(), user_id, topic.id))
        if kind == "deleted":
            self.db.execute("delete from resumable_uploads where id = %s", (upload_id,))
        return upload_id

    def _material(self, operation: Operation, role: str, kind: Kind) -> Ids:
        own = role == "MENTOR" and kind != "other"
        mentor_id = self.user_ids[role] if own else self.stranger_id
        subject = add_subject(self.api, mentor_id=mentor_id)
        if operation.name == "requestEnrollment":
            if kind == "own":
                enroll(self.api, subject.id, self.user_ids[role], "PENDING")
        elif role == "LEARNER" and kind != "other":
            enroll(self.api, subject.id, self.user_ids[role])
        topic = self._topic(subject)
        ids = {"levelId": subject.level_id, "educationLevelId": subject.level_id}
        ids |= {"gradeId": subject.grade_id, "subjectId": subject.id, "topicId": topic.id}
        about = operation.names[-1]
        if operation.name in ("playVideo", "createVideoLink", "deleteVideo", "renameVideo"):
            uploaded(put_video(self.api, topic))
        if operation.name in ("getNote", "deleteNote"):
            self._note(self.user_ids[role], topic.id)
        if about == "documentId":
            ids[about] = self._document(topic.id, kind)
        elif kind == "deleted":
            self._delete(TABLES[about], ids[about])
        return {name: ids[name] for name in operation.names}

    def _shared_note(self, role: str, kind: Kind) -> str:
        """A note of a learner; "deleted" is the topic that it is about."""
        mentor_id = self.stranger_id if kind == "other" else self.user_ids[role]
        topic = self._topic(add_subject(self.api, mentor_id=mentor_id))
        note_id = self._note(add_learners(self.api, 1)[0], topic.id)
        if kind == "deleted":
            self._delete("topics", topic.id)
        return note_id

    def _note(self, user_id: str, topic_id: str) -> str:
        made = "insert into notes (id, user_id, topic_id, content, search_key, shared_with_mentor, "
        made += "shared_at) values (%s, %s, %s, 'x', 'x', true, now())"
        self.db.execute(made, (note_id := new_id(), user_id, topic_id))
        return note_id

    def _topic(self, subject: Subject) -> Topic:
        made = "insert into topics (id, name, name_key, subject_id) values (%s, 'T', 't', %s)"
        self.db.execute(
            made,
            (
                topic_id := new_id(),
                subject.id,
            ),
        )
        return Topic(topic_id, subject.id)

    def _document(self, topic_id: str, kind: Kind) -> str:
        if kind == "random":
            return new_id()
        document_id = str(uploaded(upload(self.api, topic_id))["id"])
        if kind == "deleted":
            path = f"/api/admin/education/topics/{topic_id}/documents/{document_id}"
            assert self.api.delete(path, as_="admin").status_code == 200
        return document_id

    def _delete(self, table: str, id: str) -> None:
        self.db.execute(f"update {table} set deleted_at = now() where id = %s", (id,))
