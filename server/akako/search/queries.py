"""SQL of the search over subjects and topics."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from akako.kernel.core.access import Actor
from akako.kernel.core.search_keys import search_words
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where, containing, longest_first
from akako.search.excerpts import excerpt
from akako.search.schemas import SUBJECT_TYPE, TOPIC_TYPE, SearchHit, SearchQuery
from akako.visibility.tree import SUBJECT, TOPIC, bind, readable, visible

MAX_HITS = 50
# Matches beyond these are not ranked, which bounds the work for words that occur everywhere.
MAX_RANKED = 1_000
# Characters of the content that are read around a match. Folding moves it by some characters.
WINDOW_BEFORE, WINDOW = 600, 1_600

PATH = "array[l.name, g.name, s.name] as path, array[l.id, g.id, s.id] as path_ids"


async def search(db: Database, actor: Actor | None, query: SearchQuery) -> list[SearchHit]:
    """Return the best matches that the caller can see: names first, then texts."""
    words = search_words(query.q)
    if not words:
        return []
    ordered = longest_first(words)
    where = Where()
    sql = statement(where, actor, ordered, query.type)
    rows = await db.fetch(sql, *where.values)
    return [_hit(row, ordered) for row in rows]


def statement(where: Where, actor: Actor | None, words: list[str], types: Sequence[str]) -> str:
    """Return the SQL of a search. Adds its values to `where`."""
    patterns = [bind(where, pattern) for pattern in containing(" ".join(words))]
    inactive = actor is not None and actor.is_admin
    parts = []
    if SUBJECT_TYPE in types:
        parts.append(_subjects(where, actor, patterns, inactive=inactive))
    if TOPIC_TYPE in types:
        parts.append(_topics(where, actor, patterns, inactive=inactive))
    word = bind(where, words[0])
    place = f"strpos(t.content_key, {word})::float / greatest(length(t.content_key), 1)"
    start = f"greatest(1, ({place} * length(t.content))::int - {WINDOW_BEFORE})"
    return f"""
    select hit.*, substr(t.content, {start}, {WINDOW}) as passage
    from (select * from ({" union all ".join(parts)}) found
          order by rank, type, sort_key, id limit {MAX_HITS}) hit
    left join topics t on t.id = hit.id and hit.entitled
    order by hit.rank, hit.type, hit.sort_key, hit.id
    """


def _every(column: str, patterns: list[str]) -> str:
    return " and ".join(f"{column} like {pattern}" for pattern in patterns)


def _subjects(where: Where, actor: Actor | None, patterns: list[str], *, inactive: bool) -> str:
    named = _every("split_part(s.search_key, e'\\n', 1)", patterns)
    return f"""
    (select 'subject' as type, s.id, s.name, s.id as subject_id, s.sort_key, {PATH},
        false as entitled, case when {named} then 0 else 1 end as rank
     from {SUBJECT.source}
     where {SUBJECT.present} and {visible(where, SUBJECT, actor, inactive=inactive)}
       and {_every("s.search_key", patterns)}
     limit {MAX_RANKED})
    """


def _topics(where: Where, actor: Actor | None, patterns: list[str], *, inactive: bool) -> str:
    named = _every("split_part(t.search_key, e'\\n', 1)", patterns)
    described = _every("t.search_key", patterns)
    entitled = readable(where, actor)
    matches = described
    if entitled != "false":
        matches = " and ".join(
            f"(t.search_key like {each} or ({entitled} and t.content_key like {each}))"
            for each in patterns
        )
    return f"""
    (select 'topic' as type, t.id, t.name, t.subject_id, t.sort_key, {PATH},
        ({entitled}) is true as entitled,
        case when {named} then 0 when {described} then 1 else 2 end as rank
     from {TOPIC.source}
     where {TOPIC.present} and {visible(where, TOPIC, actor, inactive=inactive)} and {matches}
     limit {MAX_RANKED})
    """


def _hit(row: asyncpg.Record, words: list[str]) -> SearchHit:
    passage = row["passage"]
    return SearchHit(
        type=row["type"],
        id=row["id"],
        name=row["name"],
        subject_id=row["subject_id"],
        path=row["path"],
        path_ids=row["path_ids"],
        excerpt=excerpt(passage, words) if passage else None,
    )
