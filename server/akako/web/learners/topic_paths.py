"""The path of a subject's topics: which are done, where the learner is, and what comes next."""

from __future__ import annotations

from typing import Any

from akako.education.schemas import TopicSummary
from akako.web.learners.queries import Neighbour, Next, find_facts
from akako.web.site import Visit

# States in words; the messages are translated where they are shown.
DONE, HERE, NEXT, OPEN, LOCKED = "done", "here", "next", "open", "locked"


def words(visit: Visit) -> dict[str, str]:
    return {
        DONE: visit.text("Done"),
        HERE: visit.text("You are here"),
        NEXT: visit.text("Next"),
        OPEN: visit.text("Not started"),
        LOCKED: visit.text("Locked"),
    }


async def topic_path(
    visit: Visit,
    topics: list[TopicSummary],
    *,
    entitled: bool,
    enrolled: bool,
    first: int = 1,
    left: list[Neighbour] | None = None,
) -> list[dict[str, Any]]:
    """Return the stops of the path in the order of the topics.

    Args:
        first: The number of the first of these topics in its subject.
        left: The topics of an enrolled learner that come next, where they may be on another page.
    """
    actor = visit.visitor.actor
    user_id = actor.user_id if actor else None
    facts = await find_facts(visit.db, user_id, [each.id for each in topics])
    states = dict.fromkeys([each.id for each in topics], OPEN if entitled else LOCKED)
    if enrolled:
        states |= _states(topics, facts, left)
    named = words(visit)
    return [
        {
            "number": number,
            "id": each.id,
            "name": each.name,
            "href": f"/topics/{each.id}" if entitled else None,
            "facts": {
                "duration": found.duration if (found := facts.get(each.id)) else None,
                "size": found.video_size if found else None,
                "documents": found.document_count if found else each.document_count,
            },
            "state": states[each.id],
            "word": named[states[each.id]],
        }
        for number, each in enumerate(topics, first)
    ]


def _states(
    topics: list[TopicSummary], facts: dict[str, Next], left: list[Neighbour] | None
) -> dict[str, str]:
    """Return the states of an enrolled learner: the first topic that is not done is the place."""
    done = {topic_id for topic_id, found in facts.items() if found.completed}
    if left is None:
        coming = [each.id for each in topics if each.id not in done]
    else:
        coming = [each.id for each in left]
    states = dict.fromkeys(done, DONE)
    return states | dict(zip(coming, (HERE, NEXT), strict=False))
