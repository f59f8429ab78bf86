"""Requests for the profile and for users."""

from __future__ import annotations

from story.step import ANONYMOUS, LEARNER, MENTOR, PICTURE, Step

REFUSED_ID = "does-not-exist"
NEW_RUN = ("pm.collectionVariables.set('run', Date.now().toString(36));",)

AUTHENTICATION = [
    Step(
        "syncUser",
        "Sync a user from Clerk",
        ANONYMOUS,
        {"userId": "{{learnerClerkId}}", "email": "{{learnerEmail}}"},
        status=(200, 201),
        checks={"contains no personal data": "Object.keys(result).length === 3 && result.synced"},
        before=NEW_RUN,
    ),
    Step(
        "syncUser",
        "Sync refuses a malformed address",
        ANONYMOUS,
        {"userId": "user_123", "email": "invalid-email"},
        status=(422,),
        details={"field": "email", "message": "Invalid email format", "value": "invalid-email"},
    ),
    Step("getProfile", "My profile, as learner", LEARNER, keep={"learnerId": "result.id"}),
    Step("getProfile", "My profile, as mentor", MENTOR, keep={"mentorId": "result.id"}),
    Step(
        "getProfile",
        "My profile, without a token",
        ANONYMOUS,
        status=(401,),
        details={"reason": "missing"},
    ),
    Step("updateProfile", "Change my picture", LEARNER, PICTURE),
]

USERS = [
    Step(
        "listUsers",
        "List users, newest first",
        query={"page": "1", "limit": "20", "sort": "createdAt", "order": "desc"},
    ),
    Step(
        "listUsers",
        "Search users",
        query={"search": "john", "role": "LEARNER", "status": "ACTIVE"},
    ),
    Step(
        "listUsers",
        "List users is refused to learners",
        LEARNER,
        status=(403,),
        details={"required": ["ADMIN"], "user_roles": ["LEARNER"]},
    ),
    Step("getUser", "Get a user", path={"userId": "{{learnerId}}"}),
    Step(
        "getUser",
        "Get an unknown user",
        path={"userId": REFUSED_ID},
        status=(404,),
        details={"resource": "user", "id": REFUSED_ID},
    ),
    Step("updateUser", "Change a user", body={"imageUrl": None}, path={"userId": "{{learnerId}}"}),
    Step("assignRole", "Assign a role", body={"role": "MENTOR"}, path={"userId": "{{learnerId}}"}),
    Step(
        "removeRole",
        "Remove a role",
        path={"userId": "{{learnerId}}"},
        query={"role": "MENTOR"},
        checks={"the role is gone": "!result.roles.includes('MENTOR')"},
    ),
]
