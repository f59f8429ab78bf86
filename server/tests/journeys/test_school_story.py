"""The whole story of a school over HTTP, from an empty database to a learner who loses access."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.conftest import StartServer
from tests.parts.server import Server

PDF = b"%PDF-1.4\n" + b"1 0 obj <<>> endobj\n" * 5_000 + b"%%EOF\n"


def created(server: Server, path: str, as_: str, **body: Any) -> dict[str, Any]:
    response = server.post(path, as_=as_, json=body)
    assert response.status_code == 201, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def test_a_school_from_nothing_to_a_revoked_learner(start_server: StartServer) -> None:
    server = start_server()
    teacher, pupil = server.user("teacher"), server.user("pupil")

    level = created(server, "/api/admin/education/levels", "admin", name="Primary School")
    grade = created(
        server,
        "/api/admin/education/grades",
        "admin",
        name="Grade 1",
        educationLevelId=level["id"],
        level="primary",
    )
    subject = created(
        server, "/api/admin/education/subjects", "admin", name="Mathematics", gradeId=grade["id"]
    )

    application = created(
        server, "/api/mentor/apply", teacher, motivation="I like to teach", subjectIds=[]
    )
    pending = server.get("/api/admin/mentor/pending", as_="admin").json()["data"]
    assert [each["id"] for each in pending] == [application["id"]]
    refused = server.post(
        "/api/admin/education/topics", as_=teacher, json={"name": "X", "subjectId": subject["id"]}
    )
    assert refused.status_code == 403
    approved = server.put(
        f"/api/admin/mentor/{application['id']}/approve",
        as_="admin",
        json={"subjectIds": [subject["id"]], "note": "Welcome"},
    )
    assert approved.status_code == 200, approved.text
    assert server.get("/api/auth/profile", as_=teacher).json()["data"]["roles"] == [
        "MENTOR",
        "LEARNER",
    ]

    topic = created(
        server,
        "/api/admin/education/topics",
        teacher,
        name="Addition",
        content="1 + 1 = 2",
        subjectId=subject["id"],
    )
    uploaded = server.post(
        "/api/s3/document/upload",
        as_=teacher,
        files={"file": ("sums.pdf", PDF, "application/pdf")},
        data={
            "topicId": topic["id"],
            "metadata": json.dumps({"name": "document.pdf", "description": "Study material"}),
        },
    )
    assert uploaded.status_code == 201, uploaded.text
    document = uploaded.json()["data"]
    assert document["sha256"] == hashlib.sha256(PDF).hexdigest()

    assert server.get(document["url"], as_=pupil).json()["details"]["reason"] == "not_enrolled"
    assert "content" not in server.get(f"/api/education/topics/{topic['id']}").json()["data"]
    request = created(server, "/api/enrollment/request", pupil, subjectId=subject["id"])
    assert server.get(document["url"], as_=pupil).status_code == 403
    decided = server.put(f"/api/admin/enrollment/{request['id']}/approve", as_="admin")
    assert decided.json()["data"]["status"] == "APPROVED"

    shown = server.get(f"/api/education/topics/{topic['id']}", as_=pupil).json()["data"]
    assert shown["content"] == "1 + 1 = 2"
    assert [each["id"] for each in shown["documents"]] == [document["id"]]
    streamed = server.get(document["url"], as_=pupil)
    assert (streamed.status_code, streamed.content) == (200, PDF)
    part = server.get(document["url"], as_=pupil, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, PDF[100:200])

    pupil_id = server.user_id(pupil)
    revoked = server.delete(f"/api/users/{pupil_id}/roles?role=LEARNER", as_="admin")
    assert revoked.status_code == 200
    again = server.get(document["url"], as_=pupil, headers={"Range": "bytes=200-299"})
    assert again.status_code == 403
    assert again.json()["details"]["user_roles"] == []

    actions = [
        each["action"]
        for each in server.get("/api/admin/audit?limit=100", as_="admin").json()["data"]
    ]
    assert {"document.uploaded", "user_role.removed", "topic.created"} <= set(actions)
