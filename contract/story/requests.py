"""Enrollment requests, mentor applications, their decisions, and incoming webhooks."""

from __future__ import annotations

from story.step import ANONYMOUS, LEARNER, Step, is_now

ENROLLMENT = [
    Step(
        "requestEnrollment",
        "Ask to enroll",
        LEARNER,
        {"subjectId": "{{subjectId}}", "message": "I would like to join."},
        keep={"enrollmentId": "result.id"},
        checks=is_now("PENDING"),
    ),
    Step(
        "requestEnrollment",
        "Ask again",
        LEARNER,
        {"subjectId": "{{subjectId}}"},
        status=(409,),
        details={"resource": "enrollment", "field": "subjectId", "value": "{{subjectId}}"},
    ),
    Step("listMyEnrollments", "My enrollments", LEARNER),
    Step(
        "listPendingEnrollments",
        "List pending enrollments",
        query={"subjectId": "{{subjectId}}"},
        checks={"it is the one": "result.length === 1"},
    ),
    Step(
        "listEnrollments",
        "List enrollments in all states",
        query={"subjectId": "{{subjectId}}", "status": "PENDING,APPROVED"},
        checks={"it is the one": "result.length === 1"},
    ),
    Step(
        "approveEnrollment",
        "Approve an enrollment",
        body={"note": "Welcome"},
        path={"enrollmentId": "{{enrollmentId}}"},
        checks=is_now("APPROVED"),
    ),
    Step(
        "streamDocument",
        "Download a document, as an enrolled learner",
        LEARNER,
        query={"documentId": "{{documentId}}"},
    ),
    Step(
        "reopenEnrollment",
        "Take the decision back",
        path={"enrollmentId": "{{enrollmentId}}"},
        checks=is_now("PENDING"),
    ),
    Step(
        "rejectEnrollment",
        "Reject an enrollment",
        body={"reason": "The course is full."},
        path={"enrollmentId": "{{enrollmentId}}"},
        checks=is_now("REJECTED"),
    ),
    Step(
        "approveEnrollment",
        "Approve what was rejected",
        path={"enrollmentId": "{{enrollmentId}}"},
        status=(409,),
        details={
            "resource": "enrollment",
            "id": "{{enrollmentId}}",
            "current": "REJECTED",
            "expected": ["PENDING"],
        },
    ),
    Step(
        "requestEnrollment",
        "Ask anew after the rejection",
        LEARNER,
        {"subjectId": "{{subjectId}}"},
        keep={"enrollmentId": "result.id"},
    ),
    Step(
        "decideEnrollments",
        "Decide on many at once",
        body={"decisions": [{"id": "{{enrollmentId}}", "decision": "approve"}]},
        checks={"each went well": "result.results.every((each) => each.ok)"},
    ),
    Step(
        "cancelEnrollment",
        "Leave the subject",
        LEARNER,
        path={"enrollmentId": "{{enrollmentId}}"},
        checks=is_now("CANCELLED"),
    ),
]

MENTORS = [
    Step(
        "applyAsMentor",
        "Apply to become a mentor",
        LEARNER,
        {
            "motivation": "I have taught mathematics for five years.",
            "subjectIds": ["{{subjectId}}"],
        },
        keep={"applicationId": "result.id"},
    ),
    Step("listMyApplications", "My applications", LEARNER),
    Step("listPendingApplications", "List pending applications"),
    Step(
        "rejectApplication",
        "Reject an application",
        body={"reason": "Please tell more about yourself."},
        path={"mentorApplicationId": "{{applicationId}}"},
        checks=is_now("REJECTED"),
    ),
    Step(
        "applyAsMentor",
        "Apply again",
        LEARNER,
        {
            "motivation": "I have taught mathematics for five years.",
            "qualifications": "Bachelor of Education",
            "experience": "Evening classes for adults",
        },
        keep={"applicationId": "result.id"},
    ),
    Step("listApplications", "List applications in all states", query={"status": "PENDING"}),
    Step(
        "decideApplications",
        "Decide on many applications at once",
        body={"decisions": [{"id": "{{applicationId}}", "decision": "approve"}]},
        checks={"each went well": "result.results.every((each) => each.ok)"},
    ),
    Step(
        "reopenApplication",
        "Take the decision back",
        path={"mentorApplicationId": "{{applicationId}}"},
        checks=is_now("PENDING"),
    ),
    Step(
        "approveApplication",
        "Approve an application",
        body={"note": "Welcome", "subjectIds": ["{{subjectId}}"]},
        path={"mentorApplicationId": "{{applicationId}}"},
        checks=is_now("APPROVED"),
    ),
]

NOTIFICATIONS = [
    Step(
        "listNotifications",
        "Unread notifications",
        query={"unread": "true"},
        keep={"notificationId": "result[0].id"},
        checks={"requests wait": "result.length > 0"},
    ),
    Step("countUnreadNotifications", "How many are unread"),
    Step(
        "readNotification",
        "Mark one as read",
        path={"notificationId": "{{notificationId}}"},
        checks={"it is read": "result.read"},
    ),
    Step("readAllNotifications", "Mark all as read"),
]

SIGN = (
    'const hashing = require("crypto-js");',
    "const id = `msg_${pm.variables.replaceIn('{{$guid}}').replace(/-/g, '')}`;",
    "const timestamp = Math.floor(Date.now() / 1000).toString();",
    "const body = pm.variables.replaceIn(pm.request.body.raw);",
    "const secret = pm.environment.get('webhookSecret').replace(/^whsec_/, '');",
    "const key = hashing.enc.Base64.parse(secret);",
    "const mac = hashing.HmacSHA256(`${id}.${timestamp}.${body}`, key);",
    "pm.variables.set('svixId', id);",
    "pm.variables.set('svixTimestamp', timestamp);",
    "pm.variables.set('svixSignature', `v1,${hashing.enc.Base64.stringify(mac)}`);",
)
SIGNED = {
    "svix-id": "{{svixId}}",
    "svix-timestamp": "{{svixTimestamp}}",
    "svix-signature": "{{svixSignature}}",
}
PERSON = {
    "id": "user_postman{{run}}",
    "email_addresses": [],
    "first_name": "John",
    "last_name": "Doe",
}

WEBHOOKS = [
    Step(
        "receiveClerkWebhook",
        "A user was created",
        ANONYMOUS,
        {"type": "user.created", "data": PERSON},
        headers=SIGNED,
        checks={"it was handled": "result.received && result.handled"},
        before=SIGN,
    ),
    Step(
        "receiveClerkWebhook",
        "A user was deleted",
        ANONYMOUS,
        {"type": "user.deleted", "data": {"id": PERSON["id"], "deleted": True}},
        headers=SIGNED,
        checks={"it was handled": "result.received && result.handled"},
        before=SIGN,
    ),
    Step(
        "receiveClerkWebhook",
        "A webhook without signature",
        ANONYMOUS,
        {"type": "user.deleted", "data": {"id": PERSON["id"], "deleted": True}},
        status=(401,),
        details={"reason": "missing"},
    ),
]

PLANS = [
    Step("getQuota", "Plan and usage of this month", LEARNER),
    Step(
        "setOrganizationPlan",
        "Put an organization on a plan",
        body={"plan": "PRO"},
        path={"organizationId": "org_postman"},
    ),
]

OPERATIONS = [
    Step("live", "Does the process run?", ANONYMOUS),
    Step("ready", "Can it serve requests?", ANONYMOUS),
    Step(
        "listAuditEntries",
        "Who did what",
        query={"resource": "enrollment", "resourceId": "{{enrollmentId}}"},
        checks={"every step is listed": "result.length === 3"},
    ),
]

AFTERWARDS = [
    Step(
        "removeRole",
        "The learner is no mentor any more",
        path={"userId": "{{learnerId}}"},
        query={"role": "MENTOR"},
    ),
    Step(
        "deleteLevel",
        "Delete the level with all that is in it",
        path={"levelId": "{{levelId}}"},
        query={"force": "true"},
    ),
]
