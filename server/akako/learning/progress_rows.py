"""Select lists of stored progress, and the conversion of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg

from akako.filetypes.formats.captions import MIME
from akako.learning.completion import percent, status
from akako.learning.schemas import TopicInSubject, TopicProgress

# The ids of a topic's documents.
DOCUMENTS = """
array(select d.id from documents d where d.topic_id = t.id and d.status = 'ACTIVE')
"""
# Captions belong to the video `t` has, and the player reads them.
IS_CAPTIONS = f"(d.mime_type = '{MIME}' and t.video_key is not null)"
# The documents that a learner opens.
MATERIAL = f"""
array(select d.id from documents d where d.topic_id = t.id and d.status = 'ACTIVE'
    and not {IS_CAPTIONS})
"""
WATCHED = """
(select coalesce(sum(upper(part) - lower(part)), 0) from unnest(
    case when p.duration_tenths is null then p.watched
    else p.watched * int4multirange(int4range(0, p.duration_tenths)) end) part)
"""
PROGRESS = f"""
p.position_tenths, p.duration_tenths, {WATCHED}::int as watched_tenths, p.documents_opened,
p.marked_done, p.completed_at, p.updated_at
"""
TOPIC_PROGRESS = f"t.id as topic_id, t.subject_id, {PROGRESS}"


Row: TypeAlias = asyncpg.Record | Mapping[str, Any]


def topic_progress(row: Row) -> TopicProgress:
    """Build the progress; a row without stored progress gives zeros."""
    return TopicProgress(**_facts(row))


def topic_in_subject(row: Row) -> TopicInSubject:
    return TopicInSubject(**_facts(row), name=row["name"], position=row["position"])


def _facts(row: Row) -> dict[str, Any]:
    duration, watched = row["duration_tenths"], row["watched_tenths"] or 0
    position, opened = row["position_tenths"] or 0, row["documents_opened"] or []
    marked = bool(row["marked_done"])
    started = bool(position or watched or opened or marked)
    return {
        "topic_id": row["topic_id"],
        "subject_id": row["subject_id"],
        "status": status(completed=row["completed_at"] is not None, started=started),
        "position_seconds": position / 10,
        "duration_seconds": duration and duration / 10,
        "watched_seconds": watched / 10,
        "watched_percent": percent(watched, duration) if duration else None,
        "documents_opened": opened,
        "marked_done": marked,
        "completed_at": row["completed_at"],
        "updated_at": row["updated_at"],
    }
