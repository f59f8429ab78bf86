"""The pages of both queues: what waits, what was decided, and decisions without script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from starlette.routing import Route

from akako.enrollment.schemas import MAX_DECISIONS
from akako.kernel.core.access import ADMIN
from akako.kernel.core.ids import is_id
from akako.kernel.db import listing
from akako.web.admin.queues import outcomes, queries
from akako.web.admin.queues.kinds import MENTORS, REQUESTS, Queue
from akako.web.admin.queues.outcomes import Outcome
from akako.web.paging import page_links
from akako.web.site import Site, Visit, page

PER_PAGE = 20
MAX_ALL = 1_000  # requests that "all that match" decides, the oldest first
MAX_NOTE = 1_000
VERDICTS = ("approve", "reject")
FILTERS = {"q": "search", "grade": "gradeId", "subject": "subjectId"}
WAITING, DECIDED = "waiting", "decided"


class Said(msgspec.Struct, kw_only=True):
    """What the page says after a form: its status region, and what stayed undecided."""

    status: Any = None
    outcome: Outcome = msgspec.field(
        default_factory=lambda: Outcome(done=[], others=[], reasons={})
    )
    note: str = ""


def routes(site: Site) -> list[Route]:
    made = []
    for queue in (REQUESTS, MENTORS):
        made += [
            page(queue.path, partial(show, queue), site=site, roles=(ADMIN,)),
            page(queue.path, partial(decide, queue), site=site, roles=(ADMIN,), methods=("POST",)),
            page(
                f"{queue.path}/undo",
                partial(undo, queue),
                site=site,
                roles=(ADMIN,),
                methods=("POST",),
            ),
        ]
    return made


async def show(queue: Queue, visit: Visit) -> Any:
    return await _page(queue, visit, visit.request.query_params, Said())


def _state(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the filters of an address or a form; empty ones are left out."""
    given = {name: str(params.get(name) or "").strip() for name in FILTERS}
    return {name: value for name, value in given.items() if value}


def _list(queue: Queue, state: dict[str, str], *, decided: bool, **more: str) -> listing.Request:
    """Return the list request of filters. Raises ValidationFailed for filters of another shape."""
    wanted = {FILTERS[name]: value for name, value in state.items()}
    if decided:
        wanted |= {"status": "APPROVED,REJECTED", "sort": "decidedAt", "order": "desc"}
    return listing.read(queue.decided if decided else queue.pending, wanted | more)


async def _page(queue: Queue, visit: Visit, params: Mapping[str, Any], said: Said) -> Any:
    state, decided = _state(params), params.get("tab") == DECIDED
    number = str(params.get("page") or "1")
    request = _list(queue, state, decided=decided, limit=str(PER_PAGE), page=number)
    fetch = queue.list_decided if decided else queue.list_pending
    listed = await fetch(visit.site.db, request)
    choices = await queries.read_choices(visit.site.db)
    tab = DECIDED if decided else ""
    return visit.page(
        "admin_queue.html",
        _title(queue, visit),
        said=said.status,
        queue=queue,
        rows=[queue.row(each, choices.known) for each in listed.data],
        pages=listed.pagination,
        decided=decided,
        state=state,
        grades=queries.chosen(choices.grades, state.get("grade", "")),
        subjects=queries.chosen(choices.subjects, state.get("subject", "")),
        tabs=[_address(queue, state), _address(queue, state | {"tab": DECIDED})],
        link=page_links(queue.path, tab=tab, **state),
        most=min(MAX_ALL, listed.pagination.total),
        outcome=said.outcome,
        note=said.note,
    )


def _title(queue: Queue, visit: Visit) -> str:
    if queue is MENTORS:
        return visit.text("Mentor applications")
    return visit.text("Enrollment requests")


def _address(queue: Queue, params: dict[str, str]) -> str:
    return page_links(queue.path, **params)(1)


async def decide(queue: Queue, visit: Visit) -> Any:
    """Decide one request, the selected ones, or all that match; failed ones are named and stay."""
    form: Mapping[str, Any] = visit.form or {}
    name, _, single = visit.field("decide").partition(":")
    verdict = name if name in VERDICTS else "reject"
    note = visit.field("note").strip()
    if len(note) > MAX_NOTE:
        text = visit.text("The note must have at most %(n)s characters.", n=MAX_NOTE)
        return await _page(queue, visit, form, Said(status=text, note=note))
    ids = [single] if single else await _chosen(queue, visit, form)
    if not ids:
        text = visit.text("Select at least one request.")
        return await _page(queue, visit, form, Said(status=text, note=note))
    results = await _apply(queue, visit, verdict, ids, note or None)
    failed = outcomes.failed_ids(results, visit.actor.user_id)
    about = await queries.describe(visit.site.db, queue.descriptions, failed) if failed else {}
    made = outcomes.outcome(visit, results, about)
    text = outcomes.sentence(visit, verdict, made)
    status = outcomes.status(visit, queue.path, text, made.done, **_state(form))
    return await _page(queue, visit, form, Said(status=status, outcome=made))


async def _chosen(queue: Queue, visit: Visit, form: Mapping[str, Any]) -> list[str]:
    """Return the ids of the selected requests, or of all that match the filters."""
    if not visit.field("all"):
        return [each for each in dict.fromkeys(visit.fields("id")) if is_id(each)][:MAX_ALL]
    request = _list(queue, _state(form), decided=False)
    # One statement: the bound of pages is that of the API's lists.
    request = msgspec.structs.replace(request, limit=MAX_ALL, page=1)
    return [each.id for each in (await queue.list_pending(visit.site.db, request)).data]


async def _apply(
    queue: Queue, visit: Visit, verdict: str, ids: Sequence[str], note: str | None
) -> list[Any]:
    """Decide in batches, each in a transaction of its own."""
    results: list[Any] = []
    for start in range(0, len(ids), MAX_DECISIONS):
        batch = ids[start : start + MAX_DECISIONS]
        decisions = [queue.decision(id=each, decision=verdict, note=note) for each in batch]
        results += await queue.decide_many(visit.db, visit.actor, decisions=decisions)
    return results


async def undo(queue: Queue, visit: Visit) -> Any:
    """Reopen decisions of the last 30 seconds."""
    given = [*visit.field("ids").split(","), *visit.fields("id")]
    ids = [each for each in dict.fromkeys(given) if is_id(each)][:MAX_ALL]
    results = await _apply(queue, visit, "reopen", ids, None) if ids else []
    failed = [each for each in results if not each.ok]
    text = visit.text("%(n)s undone.", n=len(results) - len(failed))
    if failed:
        reasons = ", ".join(dict.fromkeys(outcomes.undo_reason(visit, each) for each in failed))
        more = visit.text("%(n)s could not be undone: %(reasons)s", n=len(failed), reasons=reasons)
        text = f"{text} {more}"
    return await _page(queue, visit, visit.form or {}, Said(status=text))
