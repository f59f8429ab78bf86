"""Requests for progress, notes and the subjects of mentors."""

from __future__ import annotations

from story.step import ADMIN, LEARNER, MENTOR, Step, is_now

TOPIC = {"topicId": "{{topicId}}"}
NOTE = {"noteId": "{{noteId}}"}

PROGRESS = [
    Step(
        "updateSubject",
        "Give the subject back to its mentor",
        body={"mentorId": "{{mentorId}}"},
        path={"subjectId": "{{subjectId}}"},
    ),
    Step(
        "requestEnrollment",
        "Ask to enroll",
        LEARNER,
        {"subjectId": "{{subjectId}}"},
        keep={"learningId": "result.id"},
    ),
    Step("approveEnrollment", "Approve", path={"enrollmentId": "{{learningId}}"}),
    Step(
        "updateProgress",
        "Watch the first half",
        LEARNER,
        {"positionSeconds": 300, "durationSeconds": 600, "watched": [[0, 300]]},
        path=TOPIC,
        checks={"half is watched": "result.watchedPercent === 50", **is_now("IN_PROGRESS")},
    ),
    Step("getProgress", "My progress in the topic", LEARNER, path=TOPIC),
    Step(
        "updateProgressBatch",
        "Send what was recorded offline",
        LEARNER,
        {"items": [{"topicId": "{{topicId}}", "markedDone": True}]},
        checks={"it went well": "result[0].ok && result[0].progress.status === 'COMPLETED'"},
    ),
    Step(
        "listMyProgress",
        "My progress in the subject",
        LEARNER,
        query={"subjectId": "{{subjectId}}"},
        checks={"all is completed": "result[0].percent === 100"},
    ),
    Step(
        "getMySubjectProgress",
        "My progress in each topic",
        LEARNER,
        path={"subjectId": "{{subjectId}}"},
    ),
    Step("exportMyData", "Export my data", LEARNER),
]

SUBJECTS = [
    Step("listTaughtSubjects", "The subjects that I teach", MENTOR),
    Step(
        "listSubjectLearners",
        "The learners of a subject",
        MENTOR,
        path={"subjectId": "{{subjectId}}"},
        checks={"it is the one": "result.length === 1"},
    ),
]

NOTES = [
    Step(
        "putNote",
        "Write a note and share it",
        LEARNER,
        {"content": "Why do I carry the one?", "sharedWithMentor": True},
        path=TOPIC,
        status=(201,),
        keep={"noteId": "result.id"},
    ),
    Step("getNote", "Read my note", LEARNER, path=TOPIC),
    Step(
        "getNote",
        "The note of another person does not exist",
        ADMIN,
        path=TOPIC,
        status=(404,),
        details={"resource": "note", "id": "{{topicId}}"},
    ),
    Step("listMyNotes", "My notes", LEARNER, query={"search": "carry"}),
    Step("listSharedNotes", "Notes that wait for a reply", MENTOR, query={"unanswered": "true"}),
    Step(
        "replyToNote",
        "Reply to a note",
        MENTOR,
        {"content": "Because ten ones are one ten."},
        path=NOTE,
    ),
    Step("deleteReply", "Remove the reply", MENTOR, path=NOTE),
    Step("deleteNote", "Delete my note", LEARNER, path=TOPIC),
    Step("cancelEnrollment", "Leave the subject", LEARNER, path={"enrollmentId": "{{learningId}}"}),
]
