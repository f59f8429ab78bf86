"""The search endpoint."""

from __future__ import annotations

from akako.kernel.core.access import PUBLIC
from akako.kernel.core.envelope import Ok
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get
from akako.search import queries
from akako.search.schemas import SearchHit, SearchQuery

TAG = Tag("Search", "Search of subjects and topics.")


@get("/search", access=PUBLIC)
async def search(ctx: Context, query: SearchQuery) -> Ok[list[SearchHit]]:
    """Search subjects and topics.

    Finds the words of `q` in any order in names and descriptions, ignoring case, accents and
    apostrophes. For administrators, the subject's mentor and learners whose enrollment was approved
    it searches the content of topics too, and returns an excerpt. Returns at most 50 hits.
    """
    return Ok(data=await queries.search(ctx.db, ctx.maybe_actor, query))
