"""Business rules of progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from akako.activity import service as activity
from akako.kernel.core.access import LEARNER, Actor
from akako.kernel.core.errors import ApiError, Forbidden, NotFound, ValidationFailed, violation
from akako.kernel.core.validation import supplied
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.learning import merging, queries
from akako.learning.completion import is_finished
from akako.learning.merging import Update
from akako.learning.progress_rows import topic_progress
from akako.learning.schemas import (
    MAX_STORED_RANGES,
    ProgressItem,
    ProgressResult,
    ProgressUpdate,
    SubjectWithTopics,
    TopicProgress,
)
from akako.visibility.access import NOT_READABLE, require_read

MAX_AHEAD = timedelta(minutes=5)  # how far a client's clock may be ahead


async def update_progress(
    db: Database, actor: Actor, topic_id: str, *, update: ProgressUpdate
) -> TopicProgress:
    """Merge an update into the caller's progress.

    Raises:
        ValidationFailed: The update is empty or contradictory, or names a foreign document.
        NotFound: The topic is unknown.
        Forbidden: The caller has no approved enrollment.
    """
    (recorded,) = _read([("", update)])
    progress = await _merge_alone(db, actor, topic_id, recorded)
    if progress is None:
        async with db.transaction() as tx:
            progress = await _merge(tx, actor, topic_id, recorded)
    await activity.record(db, actor.user_id)
    return progress


async def _merge_alone(
    db: Database, actor: Actor, topic_id: str, update: Update
) -> TopicProgress | None:
    """Merge an update in one statement, which serves nearly all of the writes.

    Return None if there is more to do: the completion changes, the update is refused, or the
    actor's authority has changed. A transaction can then merge the update again.
    """
    row = await merging.merge_confirmed(db, actor, topic_id, update)
    if row is None or row["updated_at"] is None or _completion(row) != _stored_completion(row):
        return None
    return topic_progress(row)


def _completion(row: asyncpg.Record) -> tuple[bool, bool]:
    """Return whether all was watched and opened, and whether the topic is completed."""
    finished = row["finished"] or _is_finished(row)
    return finished, finished or row["marked_done"]


def _stored_completion(row: asyncpg.Record) -> tuple[bool, bool]:
    return row["finished"], row["completed_at"] is not None


async def update_many(
    db: Database, actor: Actor, *, items: list[ProgressItem]
) -> list[ProgressResult]:
    """Merge several updates. A failed one does not undo the others.

    Raises:
        ValidationFailed: An item is empty or contradictory.
    """
    updates = _read([(f"items[{n}]", item) for n, item in enumerate(items)])
    # Sorted, so that two devices that send the same topics do not wait for each other in a circle.
    order = sorted(range(len(items)), key=lambda n: items[n].topic_id)
    results: dict[int, ProgressResult] = {}
    async with db.transaction() as tx:
        for n in order:
            results[n] = await _result(tx, actor, items[n].topic_id, updates[n])
    if any(result.ok for result in results.values()):
        await activity.record(db, actor.user_id)
    return [results[n] for n in range(len(items))]


async def _result(tx: Database, actor: Actor, topic_id: str, update: Update) -> ProgressResult:
    try:
        progress = await _merge(tx, actor, topic_id, update)
    except ApiError as problem:
        code, error = problem.code, problem.message
        return ProgressResult(topic_id=topic_id, ok=False, code=code, error=error)
    return ProgressResult(topic_id=topic_id, ok=True, progress=progress)


def _read(updates: list[tuple[str, ProgressUpdate]]) -> list[Update]:
    """Check and convert updates. Each comes with the prefix of its fields' names."""
    problems: list[dict[str, object]] = []
    now = datetime.now(UTC)
    for path, update in updates:
        problems += _problems(path, update, now)
    if problems:
        raise ValidationFailed(problems)
    return [_stored(update, now) for _, update in updates]


def _problems(path: str, update: ProgressUpdate, now: datetime) -> list[dict[str, object]]:
    prefix = f"{path}." if path else ""
    if supplied(update).keys() <= {"recorded_at", "topic_id"}:
        return [violation(path or "body", "At least one field is required")]
    found = [
        violation(f"{prefix}watched[{n}]", "The start must be before the end", pair)
        for n, pair in enumerate(update.watched or ())
        if pair[0] >= pair[1]
    ]
    if update.recorded_at and update.recorded_at > now + MAX_AHEAD:
        message = "Must not be more than 5 minutes in the future"
        found.append(violation(f"{prefix}recordedAt", message, update.recorded_at.isoformat()))
    return found


def _stored(update: ProgressUpdate, now: datetime) -> Update:
    position, duration = update.position_seconds, update.duration_seconds
    return Update(
        position=None if position is msgspec.UNSET else _tenths(position),
        duration=None if duration is msgspec.UNSET else max(1, _tenths(duration)),
        watched=tuple((_tenths(start), _tenths(end)) for start, end in update.watched or ()),
        opened=tuple(update.documents_opened or ()),
        marked_done=None if update.marked_done is msgspec.UNSET else update.marked_done,
        recorded_at=update.recorded_at or now,
    )


def _tenths(seconds: float) -> int:
    return round(seconds * 10)


async def _merge(tx: Database, actor: Actor, topic_id: str, update: Update) -> TopicProgress:
    row = await merging.merge(tx, actor.user_id, topic_id, update)
    if row is None:
        raise NotFound("topic", topic_id)
    if row["updated_at"] is None:
        raise _why_not(actor, row, update)
    progress = topic_progress(row)
    finished, completed = _completion(row)
    if (finished, completed) == _stored_completion(row):
        return progress
    stored = await merging.set_completion(
        tx, actor.user_id, topic_id, finished=finished, completed=completed
    )
    if completed and row["first_completed_at"] is None:
        event = {"topicId": topic_id, "subjectId": row["subject_id"], "userId": actor.user_id}
        await audit.announce(tx, "topic.completed", event)
    return topic_progress({**row, **stored})


def _is_finished(row: asyncpg.Record) -> bool:
    return is_finished(
        has_video=row["has_video"],
        watched_tenths=row["watched_tenths"],
        duration_tenths=row["duration_tenths"],
        documents=row["material"],
        opened=row["documents_opened"],
    )


def _why_not(actor: Actor, row: asyncpg.Record, update: Update) -> ApiError:
    """Return the error for an update that was not merged."""
    if not row["enrolled"]:
        return not_enrolled(actor, NOT_READABLE)
    unknown = merging.missing(row["documents"], update.opened)
    if not unknown:
        message = f"At most {MAX_STORED_RANGES:,} separate ranges are stored for a topic"
        return ValidationFailed.of("watched", message, len(update.watched))
    return ValidationFailed(
        [
            violation(f"documentsOpened[{n}]", "Unknown document", document_id)
            for n, document_id in enumerate(update.opened)
            if document_id in unknown
        ]
    )


def not_enrolled(actor: Actor, message: str = "You are not enrolled in this subject") -> Forbidden:
    return Forbidden(
        message,
        required=(LEARNER,),
        user_roles=actor.roles,
        reason="not_enrolled",
    )


async def get_progress(db: Database, actor: Actor, topic_id: str) -> TopicProgress:
    """Return the caller's progress in a topic that the caller may read."""
    found = await queries.find_topic_progress(db, actor, topic_id)
    if found is None:
        raise NotFound("topic", topic_id)
    access, progress = found
    require_read(actor, access)
    return progress


async def get_subject_progress(db: Database, actor: Actor, subject_id: str) -> SubjectWithTopics:
    """Return the caller's progress in a subject with an approved enrollment."""
    subject = await queries.find_subject_progress(db, actor.user_id, subject_id)
    if subject is None:
        if not await queries.is_visible(db, actor, subject_id):
            raise NotFound("subject", subject_id)
        raise not_enrolled(actor)
    topics = await queries.list_topics(db, actor.user_id, subject_id)
    return SubjectWithTopics(**msgspec.structs.asdict(subject), topics=topics)
