"""The subjects and topics that a visitor teaches or administers."""

from __future__ import annotations

from akako.education import queries as education
from akako.education.nodes import SUBJECTS, TOPICS
from akako.education.schemas import Subject, Topic
from akako.kernel.core.access import ADMIN, MENTOR, not_owner
from akako.kernel.core.errors import NotFound
from akako.web.site import Visit

STAFF = (MENTOR, ADMIN)
TOPIC = "/teach/topics/{topic_id}"


async def find_subject(visit: Visit, subject_id: str) -> Subject:
    """Return a subject that the visitor teaches or administers. Raises NotFound or Forbidden."""
    subject = await education.find(visit.site.db, visit.actor, SUBJECTS, subject_id, inactive=True)
    if subject is None:
        raise NotFound("subject", subject_id)
    if not visit.actor.is_admin and subject.mentor_id != visit.actor.user_id:
        raise not_owner(visit.actor)
    return subject


async def find_topic(visit: Visit) -> tuple[Topic, Subject]:
    """Return the topic of the path, drafts included, and its subject.

    A draft of another mentor is reported as unknown.

    Raises:
        NotFound: The topic does not exist, or the visitor may not know of it.
        Forbidden: The visitor does not teach its subject.
    """
    topic_id = visit.param("topic_id")
    inactive = visit.actor.is_admin
    topic = await education.find(visit.site.db, visit.actor, TOPICS, topic_id, inactive=inactive)
    if topic is None:
        raise NotFound("topic", topic_id)
    return topic, await find_subject(visit, topic.subject_id)
