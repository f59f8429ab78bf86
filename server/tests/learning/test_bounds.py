"""What one learner can make the server store about a topic."""

from __future__ import annotations

from akako.learning.schemas import MAX_STORED_RANGES
from tests.education.school import refusal
from tests.learning.school import BATCH, add_learner, add_subject, put, updated
from tests.parts.server import Server


def test_the_stored_ranges_of_a_topic_are_bounded(api: Server) -> None:
    """Each update reads all of them, so a client could make every update slow."""
    subject_id, (topic_id, other) = add_subject(api, topics=2)
    learner = add_learner(api, subject_id)
    who = learner.clerk_id
    api.execute(
        """
        insert into topic_progress (user_id, topic_id, watched)
        select %s, %s, range_agg(int4range(20 * n, 20 * n + 10))
        from generate_series(0, %s - 1) n
        """,
        learner.id,
        topic_id,
        MAX_STORED_RANGES,
    )
    seconds = float(MAX_STORED_RANGES)
    _, code, details = refusal(put(api, who, topic_id, watched=[[80_000, 80_001]]))
    assert (code, details["field"]) == ("VALIDATION_ERROR", "watched")
    items = [{"topicId": each, "watched": [[80_000, 80_001]]} for each in (topic_id, other)]
    assert [each["ok"] for each in updated(api.post(BATCH, as_=who, json={"items": items}))] == [
        False,
        True,
    ]
    again = {"watched": [[0, 1]], "positionSeconds": 5}
    assert updated(put(api, who, topic_id, **again))["watchedSeconds"] == seconds
    closing = updated(put(api, who, topic_id, watched=[[0, 5], [80_000, 80_001]]))
    assert closing["watchedSeconds"] == seconds + 3
