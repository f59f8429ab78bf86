"""One request of every operation that writes, in an order in which all of them succeed."""

from __future__ import annotations

import json
from typing import Any

from akako.dev.fake_clerk import sign_webhook
from akako.kernel.core.ids import new_id
from tests.faults.attempts import SECRET
from tests.house.project import ROOT
from tests.library.school import video
from tests.parts.server import Server
from tests.uploads.tus import BYTES, VERSION, plan

DOCUMENT = json.loads((ROOT / "contract" / "openapi.json").read_text(encoding="utf-8"))
ROUTES = {
    each["operationId"]: (method.upper(), path)
    for path, item in DOCUMENT["paths"].items()
    for method, each in item.items()
    if method not in {"get", "head", "options"}
}


class Writer:
    """Sends the requests; `asked` holds the operations so far."""

    def __init__(self, api: Server) -> None:
        self._api = api
        self.asked: set[str] = set()

    def __call__(
        self,
        operation: str,
        body: dict[str, Any] | None = None,
        *,
        as_: str | None = "admin",
        query: str = "",
        options: dict[str, Any] | None = None,
        **ids: str,
    ) -> Any:
        """Send one request, which must succeed; return its `data`."""
        self.asked.add(operation)
        method, path = ROUTES[operation]
        given = dict(options or {})
        if body is not None:
            given["json"] = body
        answer = self._api.request(method, path.format_map(ids) + query, as_=as_, **given)
        assert answer.is_success, (operation, answer.status_code, answer.text)
        return answer.json().get("data") if answer.content else dict(answer.headers)


def write_everything(api: Server) -> set[str]:
    """Carry out every operation that writes; return their operation ids."""
    write = Writer(api)
    topic = _curriculum(write, api)
    _files(write, topic)
    _people(write, api)
    _decisions(write, api, topic)
    _webhook(write)
    _integrations(write)
    write("deleteTopic", topicId=topic["id"], query="?force=true")
    write("deleteSubject", subjectId=topic["subjectId"], query="?force=true")
    write("deleteGrade", gradeId=topic["gradeId"], query="?force=true")
    write("deleteLevel", levelId=topic["levelId"], query="?force=true")
    write("restoreLevel", levelId=topic["levelId"])
    write("restoreGrade", gradeId=topic["gradeId"])
    write("restoreSubject", subjectId=topic["subjectId"])
    write("restoreTopic", topicId=topic["id"])
    return write.asked


def _curriculum(write: Writer, api: Server) -> dict[str, str]:
    name = new_id()
    level = write("createLevel", {"name": name})["id"]
    write("updateLevel", {"description": "First"}, levelId=level)
    grade = write("createGrade", {"name": name, "educationLevelId": level, "level": "primary"})[
        "id"
    ]
    write("updateGrade", {"name": f"{name}2"}, gradeId=grade)
    subject = write("createSubject", {"name": name, "gradeId": grade})["id"]
    changed = {"name": f"{name}2", "mentorId": api.user_id("mentor")}
    write("updateSubject", changed, subjectId=subject)
    topic = write("createTopic", {"name": name, "subjectId": subject})["id"]
    write("updateTopic", {"content": "One and one."}, topicId=topic)
    write("orderTopics", {"topicIds": [topic]}, subjectId=subject)
    return {"id": topic, "subjectId": subject, "gradeId": grade, "levelId": level}


def _files(write: Writer, topic: dict[str, str]) -> None:
    form = {"files": {"file": ("a.txt", b"Two and two.")}, "data": {"topicId": topic["id"]}}
    document = write("uploadDocument", options=form)["id"]
    write("createDocumentLink", documentId=document)
    write("updateDocument", {"name": "b"}, topicId=topic["id"], documentId=document)
    write("deleteDocument", topicId=topic["id"], documentId=document)
    write("restoreDocument", topicId=topic["id"], documentId=document)
    film = {"files": {"video": ("a.mp4", video(1))}}
    write("uploadVideo", options=film, topicId=topic["id"])
    write("createVideoLink", topicId=topic["id"])
    write("renameVideo", {"fileName": "b"}, topicId=topic["id"])
    write("deleteVideo", topicId=topic["id"])
    metadata = plan(_Named(topic["id"]))  # type: ignore[arg-type]
    begin = VERSION | {"Upload-Metadata": metadata, "Upload-Length": "5"}
    first = write("beginUpload", options={"headers": begin})["id"]
    piece = VERSION | BYTES | {"Upload-Offset": "0"}
    write("appendToUpload", options={"headers": piece, "content": b"hello"}, uploadId=first)
    second = write("beginUpload", options={"headers": begin})["id"]
    write("cancelUpload", options={"headers": VERSION}, uploadId=second)


class _Named:
    """A topic as `tus.plan` takes it."""

    def __init__(self, id: str) -> None:
        self.id = id


def _people(write: Writer, api: Server) -> None:
    name = f"pupil{new_id()}"
    clerk_id = api.user(name)
    write("syncUser", {"userId": clerk_id}, as_=clerk_id)
    write("updateProfile", {"firstName": "Esi"}, as_=clerk_id)
    user_id = api.user_id(clerk_id)
    write("assignRole", {"role": "ADMIN"}, userId=user_id)
    write("removeRole", userId=user_id, query="?role=ADMIN")
    write("updateUser", {"status": "INACTIVE"}, userId=user_id)
    write("setOrganizationPlan", {"plan": "PRO"}, organizationId="org_locks")


def _decisions(write: Writer, api: Server, topic: dict[str, str]) -> None:
    learner = api.user(f"asking{new_id()}")
    ask = {"subjectId": topic["subjectId"]}

    def asked() -> str:
        return str(write("requestEnrollment", ask, as_=learner)["id"])

    first = asked()
    write("approveEnrollment", {}, enrollmentId=first)
    write("reopenEnrollment", enrollmentId=first)
    write("rejectEnrollment", {"reason": "Full."}, enrollmentId=first)
    second = asked()
    decisions = {"decisions": [{"id": second, "decision": "approve"}]}
    write("decideEnrollments", decisions)
    _learning(write, learner, topic["id"])
    write("cancelEnrollment", as_=learner, enrollmentId=second)
    motivation = {"motivation": "I like to explain."}
    application = write("applyAsMentor", motivation, as_=learner)["id"]
    write("rejectApplication", {"reason": "Not yet."}, mentorApplicationId=application)
    application = write("applyAsMentor", motivation, as_=learner)["id"]
    write("approveApplication", {}, mentorApplicationId=application)
    write("reopenApplication", mentorApplicationId=application)
    decisions = {"decisions": [{"id": application, "decision": "approve"}]}
    write("decideApplications", decisions)
    with api.db() as db:
        row = db.execute(
            "select id from notifications where user_id = %s limit 1", (api.user_id("admin"),)
        ).fetchone()
    assert row
    write("readNotification", {}, notificationId=row[0])
    write("readAllNotifications")


def _learning(write: Writer, learner: str, topic_id: str) -> None:
    progress = {"positionSeconds": 30, "watched": [[0, 30]]}
    write("updateProgress", progress, as_=learner, topicId=topic_id)
    done = {"items": [{"topicId": topic_id, "markedDone": True}]}
    write("updateProgressBatch", done, as_=learner)
    note = {"content": "Why?", "sharedWithMentor": True}
    note_id = write("putNote", note, as_=learner, topicId=topic_id)["id"]
    write("replyToNote", {"content": "Because."}, as_="mentor", noteId=note_id)
    write("deleteReply", as_="mentor", noteId=note_id)
    write("deleteNote", as_=learner, topicId=topic_id)


def _integrations(write: Writer) -> None:
    given = {"url": "https://hooks.example", "events": ["*"], "isActive": False}
    endpoint = write("createWebhookEndpoint", given)["id"]
    write("updateWebhookEndpoint", {"events": ["topic.*"]}, webhookEndpointId=endpoint)
    write("rotateWebhookSecret", webhookEndpointId=endpoint)
    delivery = write("pingWebhookEndpoint", webhookEndpointId=endpoint)["deliveryId"]
    write("replayWebhookDelivery", webhookEndpointId=endpoint, webhookDeliveryId=delivery)
    since = {"from": "2026-01-31T08:00:00Z"}
    write("replayFailedWebhookDeliveries", since, webhookEndpointId=endpoint)
    write("deleteWebhookEndpoint", webhookEndpointId=endpoint)


def _webhook(write: Writer) -> None:
    data = {"id": f"user_{new_id()}", "email_addresses": [], "updated_at": 1}
    body = json.dumps({"type": "user.created", "data": data}).encode()
    headers = {"Content-Type": "application/json", **sign_webhook(body, SECRET, f"msg_{new_id()}")}
    write("receiveClerkWebhook", as_=None, options={"content": body, "headers": headers})
