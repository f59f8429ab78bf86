"""The status of each operation, by role of the caller and owner of the object."""

from __future__ import annotations

from typing import Any

ROLES = ("LEARNER", "MENTOR", "ADMIN")
STRANGERS = ("none", "malformed", "expired")
LATER = {"effectiveStartDate": "2035-01-01T00:00:00Z", "effectiveEndDate": "2035-02-01T00:00:00Z"}

# What those are answered whose role suffices, by whose the thing is, in the order of KINDS.
Answers = tuple[int, int, int, int]
DONE: Answers = (200, 200, 404, 404)
MADE: Answers = (201, 201, 404, 404)
OWN_ONLY: Answers = (200, 403, 404, 404)
OWN_MADE: Answers = (201, 403, 404, 404)

PUBLIC = dict.fromkeys((*STRANGERS, *ROLES), DONE)
ADMINS = {"ADMIN": DONE}
STAFF = {"ADMIN": DONE, "MENTOR": OWN_ONLY}
STAFF_MAKES = {"ADMIN": MADE, "MENTOR": OWN_MADE}
READERS = {"ADMIN": DONE, "MENTOR": OWN_ONLY, "LEARNER": OWN_ONLY}
UPLOADERS = dict.fromkeys(("ADMIN", "MENTOR"), (204, 404, 404, 404))  # those of other users are 404
# Administrators of other plan subjects do not see an endpoint.
OWN_WEBHOOKS = {"ADMIN": (200, 404, 404, 404)}
OWN_UNKNOWN: Answers = (200, 404, 404, 404)
GONE_ONLY: Answers = (404, 404, 200, 404)  # only what was deleted can be restored
RESTORED = {"ADMIN": GONE_ONLY}
EXPECTED: dict[str, dict[str, Answers]] = {
    "getUser": ADMINS,
    "updateUser": ADMINS,
    "assignRole": {"ADMIN": MADE},
    "removeRole": ADMINS,
    "listGrades": PUBLIC,
    "listSubjects": PUBLIC,
    "listTopics": PUBLIC,
    "getTopic": PUBLIC,
    "getLevel": PUBLIC,
    "getGrade": PUBLIC,
    "getSubject": PUBLIC,
    "orderTopics": {"ADMIN": (409, 409, 404, 404), "MENTOR": (409, 403, 404, 404)},
    "restoreLevel": RESTORED,
    "restoreGrade": RESTORED,
    "restoreSubject": RESTORED,
    "restoreTopic": {"ADMIN": GONE_ONLY, "MENTOR": GONE_ONLY},
    "updateLevel": ADMINS,
    "deleteLevel": ADMINS,
    "createGrade": {"ADMIN": MADE},
    "updateGrade": ADMINS,
    "deleteGrade": ADMINS,
    "createSubject": {"ADMIN": MADE},
    "updateSubject": STAFF,
    "deleteSubject": ADMINS,
    "createTopic": STAFF_MAKES,
    "updateTopic": STAFF,
    "deleteTopic": STAFF,
    "setOrganizationPlan": {"ADMIN": (200, 200, 200, 200)},  # known to the identity provider only
    "getWebhookEndpoint": OWN_WEBHOOKS,
    "updateWebhookEndpoint": OWN_WEBHOOKS,
    "deleteWebhookEndpoint": OWN_WEBHOOKS,
    "rotateWebhookSecret": OWN_WEBHOOKS,
    "pingWebhookEndpoint": OWN_WEBHOOKS,
    "listWebhookDeliveries": OWN_WEBHOOKS,
    "getWebhookDelivery": OWN_WEBHOOKS,
    "replayWebhookDelivery": OWN_WEBHOOKS,
    "replayFailedWebhookDeliveries": OWN_WEBHOOKS,
    "uploadDocument": STAFF_MAKES,
    "listDocuments": READERS,
    "streamDocument": READERS,
    "createDocumentLink": dict.fromkeys(("ADMIN",), MADE)
    | dict.fromkeys(("MENTOR", "LEARNER"), OWN_MADE),
    "updateDocument": STAFF,
    "deleteDocument": STAFF,
    # A document that is not deleted stays as it is.
    "restoreDocument": {"ADMIN": (200, 200, 200, 404), "MENTOR": (200, 403, 200, 404)},
    "readUpload": dict.fromkeys(UPLOADERS, (200, 404, 404, 404)),
    "appendToUpload": UPLOADERS,
    "cancelUpload": UPLOADERS,
    "uploadVideo": STAFF_MAKES,
    "playVideo": READERS,
    "createVideoLink": dict.fromkeys(("ADMIN",), MADE)
    | dict.fromkeys(("MENTOR", "LEARNER"), OWN_MADE),
    "deleteVideo": STAFF,
    "renameVideo": STAFF,
    "updateProgress": {"LEARNER": OWN_ONLY},
    "getProgress": READERS,
    "getMySubjectProgress": {"LEARNER": OWN_ONLY},
    "listSubjectLearners": STAFF,
    "getNote": READERS,
    "putNote": {"ADMIN": MADE, "MENTOR": OWN_MADE, "LEARNER": OWN_MADE},
    "deleteNote": dict.fromkeys(ROLES, (200, 200, 200, 404)),  # one's own note, of any topic
    "replyToNote": {"MENTOR": (200, 404, 404, 404)},
    "deleteReply": {"MENTOR": (200, 404, 404, 404)},
    "requestEnrollment": {"LEARNER": (409, 201, 404, 404)},  # "own" is asked for already
    "cancelEnrollment": dict.fromkeys(ROLES, (200, 404, 200, 404)),
    # 403: administrators cannot decide on their own requests.
    "approveEnrollment": {"ADMIN": (403, 200, 409, 404)},
    "rejectEnrollment": {"ADMIN": (403, 200, 200, 404)},
    "reopenEnrollment": {"ADMIN": (403, 200, 200, 404)},
    "approveApplication": {"ADMIN": (403, 200, 409, 404)},
    "rejectApplication": {"ADMIN": (403, 200, 200, 404)},
    "reopenApplication": {"ADMIN": (403, 200, 200, 404)},
    "readNotification": dict.fromkeys(ROLES, OWN_UNKNOWN),
}
BODIES: dict[str, dict[str, Any]] = {
    "assignRole": {"role": "MENTOR", **LATER},
    "removeRole": {"role": "MENTOR"},
    "renameVideo": {"fileName": "a.mp4"},
    "setOrganizationPlan": {"plan": "PRO"},
    "createGrade": {"name": "New", "level": "primary"},
    "createSubject": {"name": "New"},
    "createTopic": {"name": "New"},
    "updateProgress": {"markedDone": True},
    "putNote": {"content": "Mine"},
    "replyToNote": {"content": "Well done"},
    "orderTopics": {"topicIds": []},
    "requestEnrollment": {},
    "approveEnrollment": {},
    "readNotification": {},
    "rejectEnrollment": {},
    "approveApplication": {},
    "rejectApplication": {},
    "updateUser": {"plan": "ENTERPRISE"},
    "replayFailedWebhookDeliveries": {"from": "2026-01-31T08:00:00Z"},
}
