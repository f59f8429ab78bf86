"""What each page answers to each kind of visitor.

A row is a method, a path template and the statuses for VISITORS, in their order. 303 for an
anonymous visitor is the way to the sign-in page; 303 after a form is the way to the next page.
"""

from __future__ import annotations

# A learner enrolled in the subject, one without an enrollment, its mentor, another mentor.
VISITORS = ("anonymous", "outsider", "enrolled", "other mentor", "mentor", "admin")
Statuses = tuple[int, int, int, int, int, int]

PUBLIC: Statuses = (200, 200, 200, 200, 200, 200)
SIGNED_IN: Statuses = (303, 200, 200, 200, 200, 200)
SENT: Statuses = (303, 303, 303, 303, 303, 303)  # a form for every signed-in person
LEARNERS: Statuses = (303, 200, 200, 403, 403, 403)
LEARNERS_SEND: Statuses = (303, 303, 303, 403, 403, 403)
ENTITLED: Statuses = (303, 403, 200, 403, 200, 200)  # those who may read the content
MENTORS: Statuses = (303, 403, 403, 200, 200, 403)
STAFF: Statuses = (303, 403, 403, 403, 200, 200)  # the subject's mentor and administrators
STAFF_SENDS: Statuses = (303, 403, 403, 403, 303, 303)
# A mentor elsewhere does not see that a draft exists.
DRAFT: Statuses = (303, 403, 403, 404, 200, 200)
DRAFT_SENDS: Statuses = (303, 403, 403, 404, 303, 303)
ADMINS: Statuses = (303, 403, 403, 403, 403, 200)
ADMINS_SEND: Statuses = (303, 403, 403, 403, 403, 303)
OWN: Statuses = (303, 404, 303, 404, 404, 404)  # of the enrolled learner alone

ROWS: dict[str, Statuses] = {
    "GET /": (200, 303, 303, 303, 303, 303),
    "GET /browse": PUBLIC,
    "GET /browse/levels/{level_id}": PUBLIC,
    "GET /browse/grades/{grade_id}": PUBLIC,
    "GET /subjects/{subject_id}": PUBLIC,
    "GET /search": PUBLIC,
    "GET /sign-in": PUBLIC,
    "GET /sign-out": PUBLIC,
    "GET /offline": PUBLIC,
    "GET /service-worker.js": PUBLIC,
    "GET /developers": PUBLIC,
    "GET /developers/components": PUBLIC,
    "POST /sign-in": SENT,
    "POST /sign-out": SENT,
    "POST /language": SENT,
    # Development servers have no identity provider.
    "GET /auth/start": (404, 404, 404, 404, 404, 404),
    "GET /auth/callback": (404, 404, 404, 404, 404, 404),
    "POST /session/token": (401, 200, 200, 200, 200, 200),
    "GET /home": SIGNED_IN,
    "GET /notes": SIGNED_IN,
    "GET /notifications": SIGNED_IN,
    "POST /notifications/read-all": SENT,
    "GET /requests": SIGNED_IN,
    "GET /me": SIGNED_IN,
    "POST /me": SENT,
    "GET /me/data": SIGNED_IN,
    "POST /me/sessions/{public_id}/end": SENT,  # a session of another person goes on
    "POST /requests/{enrollment_id}/withdraw": OWN,
    "POST /subjects/{subject_id}/request": (303, 303, 409, 403, 403, 403),
    "GET /mentor/apply": LEARNERS,
    "POST /mentor/apply": LEARNERS_SEND,
    "GET /topics/{topic_id}": ENTITLED,
    "POST /topics/{topic_id}/done": (303, 403, 303, 403, 403, 403),
    "POST /topics/{topic_id}/note": (303, 403, 303, 403, 303, 303),
    "GET /media/topics/{topic_id}/video": ENTITLED,
    "GET /media/documents/{document_id}": ENTITLED,
    "GET /teach": MENTORS,
    "GET /teach/notes": MENTORS,
    "GET /teach/notes/{note_id}/reply": (303, 403, 403, 404, 200, 403),
    "POST /teach/notes/{note_id}/reply": (303, 403, 403, 404, 303, 403),
    "POST /teach/notes/{note_id}/reply/delete": (303, 403, 403, 404, 303, 403),
    "GET /teach/subjects/{subject_id}": STAFF,
    "GET /teach/subjects/{subject_id}/learners": STAFF,
    "GET /teach/subjects/{subject_id}/learners.csv": STAFF,
    "POST /teach/subjects/{subject_id}/order": STAFF_SENDS,
    "GET /teach/topics/new": STAFF,
    "POST /teach/preview": STAFF,
    "POST /teach/topics/new": STAFF_SENDS,
    "GET /teach/topics/{topic_id}": STAFF,
    "POST /teach/topics/{topic_id}": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/delete": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/restore": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/video/delete": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/documents/{document_id}/delete": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/documents/{document_id}/restore": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/documents/{document_id}/name": STAFF_SENDS,
    "POST /teach/topics/{topic_id}/video/name": STAFF_SENDS,
    "GET /admin": ADMINS,
    "GET /admin/requests": ADMINS,
    "POST /admin/requests": ADMINS,
    "POST /admin/requests/undo": ADMINS,
    "GET /admin/mentors": ADMINS,
    "POST /admin/mentors": ADMINS,
    "POST /admin/mentors/undo": ADMINS,
    "GET /admin/people": ADMINS,
    "GET /admin/people/{user_id}": ADMINS,
    "POST /admin/people/{user_id}/roles": ADMINS_SEND,
    "POST /admin/people/{user_id}/roles/end": ADMINS_SEND,
    "POST /admin/people/{user_id}/status": ADMINS_SEND,
    "POST /admin/people/{user_id}/plan": ADMINS_SEND,
    "GET /admin/audit": ADMINS,
    "GET /admin/usage": ADMINS,
    "GET /admin/curriculum": ADMINS,
    "POST /admin/curriculum/{kind}": ADMINS_SEND,
    "POST /admin/curriculum/{kind}/{node_id}": ADMINS_SEND,
    "POST /admin/curriculum/{kind}/{node_id}/delete": ADMINS_SEND,
    "POST /admin/curriculum/{kind}/{node_id}/restore": ADMINS_SEND,
    "GET /admin/integrations": ADMINS,
    "POST /admin/integrations": (303, 403, 403, 403, 403, 201),
    "GET /admin/integrations/{endpoint_id}": ADMINS,
    "POST /admin/integrations/{endpoint_id}": ADMINS_SEND,
    "POST /admin/integrations/{endpoint_id}/secret": ADMINS,
    "POST /admin/integrations/{endpoint_id}/active": ADMINS_SEND,
    "POST /admin/integrations/{endpoint_id}/ping": ADMINS_SEND,
    "POST /admin/integrations/{endpoint_id}/delete": ADMINS_SEND,
    "POST /admin/integrations/{endpoint_id}/replay": ADMINS_SEND,
    "GET /admin/integrations/{endpoint_id}/deliveries/{delivery_id}": ADMINS,
    "POST /admin/integrations/{endpoint_id}/deliveries/{delivery_id}/replay": ADMINS_SEND,
    "GET /admin/analytics": ADMINS,
    "GET /admin/analytics/{file}": ADMINS,
}
# The same with the draft of a topic instead of a published one.
DRAFTS: dict[str, Statuses] = {
    "GET /topics/{topic_id}": (303, 404, 404, 404, 200, 200),
    "POST /topics/{topic_id}/done": (303, 403, 403, 403, 403, 403),
    "POST /topics/{topic_id}/note": (303, 403, 403, 403, 303, 303),
    "GET /media/topics/{topic_id}/video": STAFF,
    "GET /media/documents/{document_id}": STAFF,
    "GET /teach/topics/{topic_id}": DRAFT,
    "POST /teach/topics/{topic_id}": DRAFT_SENDS,
}
# Fields of a form beside its token. `{…}` stands for an id of the world.
FIELDS: dict[str, dict[str, str]] = {
    "POST /sign-in": {"person": "user_visiting"},
    "POST /language": {"language": "en", "next": "/me"},
    "POST /me": {"first_name": "A", "last_name": "B"},
    "POST /mentor/apply": {"motivation": "I like to explain mathematics to others."},
    "POST /topics/{topic_id}/done": {"done": "1"},
    "POST /topics/{topic_id}/note": {"content": "Mine", "etag": ""},
    "POST /teach/notes/{note_id}/reply": {"content": "Because."},
    "POST /teach/topics/new": {"subject": "{subject_id}", "title": "New", "save": "publish"},
    "POST /teach/topics/{topic_id}": {"title": "Changed", "text": "", "save": "publish"},
    "POST /admin/requests": {"decide": "approve:{enrollment_id}"},
    "POST /admin/requests/undo": {"id": "{enrollment_id}"},
    "POST /admin/mentors": {"decide": "approve:{application_id}"},
    "POST /admin/mentors/undo": {"id": "{application_id}"},
    "POST /teach/subjects/{subject_id}/order": {"topic": "{topic_id}", "way": "down"},
    "POST /teach/preview": {"subject": "{subject_id}", "text": "Hello"},
    "POST /admin/integrations": {"url": "https://hooks.example/a", "events": "*"},
    "POST /admin/integrations/{endpoint_id}": {"url": "https://hooks.example/b", "events": "*"},
    "POST /admin/integrations/{endpoint_id}/active": {"active": "0"},
    "POST /admin/integrations/{endpoint_id}/replay": {"days": "1"},
    "POST /admin/people/{user_id}/roles": {"role": "MENTOR"},
    "POST /admin/people/{user_id}/roles/end": {"role": "LEARNER"},
    "POST /admin/people/{user_id}/plan": {"plan": "PRO"},
    "POST /admin/people/{user_id}/status": {"status": "INACTIVE"},
    "POST /admin/curriculum/{kind}": {"names": "New {kind} {subject_id}"},
    "POST /admin/curriculum/{kind}/{node_id}": {"name": "Changed {subject_id}"},
    "POST /admin/curriculum/{kind}/{node_id}/delete": {"sure": "1"},
}
QUERIES = {
    "GET /teach/topics/new": "?subject={subject_id}",
    "GET /search": "?q=fractions",
}
