"""Search subjects and topics."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from akako.kernel.core import validation
from akako.kernel.core.errors import ValidationFailed
from akako.search import queries
from akako.search.schemas import SUBJECT_TYPE, SearchHit, SearchQuery
from akako.web import markdown
from akako.web.site import Site, Visit, page


def routes(site: Site) -> list[Route]:
    return [page("/search", search, site=site)]


async def search(visit: Visit) -> Any:
    """Show the hits by type; a text that cannot be searched finds nothing."""
    wanted = visit.request.query_params.get("q", "").strip()
    hits: list[SearchHit] = []
    if wanted:
        try:
            query = validation.read(SearchQuery, {"q": wanted})
            hits = await queries.search(visit.db, visit.visitor.actor, query)
        except ValidationFailed:
            wanted = wanted[:100]
    for each in hits:
        each.excerpt = markdown.plain(each.excerpt) if each.excerpt else None
    subjects = [each for each in hits if each.type == SUBJECT_TYPE]
    topics = [each for each in hits if each.type != SUBJECT_TYPE]
    return visit.page(
        "search.html",
        visit.text("Search"),
        wanted=wanted,
        subjects=subjects,
        topics=topics,
        count=len(hits),
    )
