"""Show the curriculum as a tree, and change it with forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.routing import Route

from akako.curriculum import restoring
from akako.curriculum.schemas import DeletedNode
from akako.identity import queries as identity
from akako.kernel.core.access import ADMIN
from akako.kernel.core.envelope import Listed
from akako.kernel.core.errors import ApiError, Conflict, NotFound, ValidationFailed
from akako.kernel.db import listing
from akako.web.forms.undo import UNDO_SECONDS, undoable
from akako.web.names import person_name
from akako.web.site import Site, Visit, page
from akako.web.staff.curriculum import changes, queries
from akako.web.staff.curriculum.changes import STAGES, NotAdded
from akako.web.staff.curriculum.outline import stage_of, write_lines
from akako.web.staff.curriculum.queries import Impact, TreeNode
from akako.web.staff.forms import submitted
from akako.web.staff.wording import counted

PATH = "/admin/curriculum"
PER_PAGE = "20"
SHOWN_OF_NAME = 40  # characters of a name in an error
OPEN_BELOW = 60  # nodes of a school that is shown whole at first
KIND_OF = {"level": "levels", "grade": "grades", "subject": "subjects", "topic": "topics"}


class Shown(msgspec.Struct, kw_only=True):
    """What the page shows beside the tree: after a form, the problem or the question."""

    opened: str = ""
    edited: str = ""
    deleting: str = ""
    failure: str = ""
    filled: tuple[str, str] = ("", "")  # the parent whose field is filled, and its text
    status: int = 200


def routes(site: Site) -> list[Route]:
    post = partial(page, site=site, roles=(ADMIN,), methods=("POST",))
    node = f"{PATH}/{{kind}}/{{node_id}}"
    return [
        page(PATH, show, site=site, roles=(ADMIN,)),
        post(f"{PATH}/{{kind}}", add),
        post(node, change),
        post(f"{node}/delete", delete),
        post(f"{node}/restore", restore),
    ]


async def show(visit: Visit) -> Any:
    params = visit.request.query_params
    edited, deleting = params.get("edit", ""), params.get("delete", "")
    opened = edited or deleting or params.get("open", "")
    return await _page(visit, Shown(opened=opened, edited=edited, deleting=deleting))


async def _page(visit: Visit, shown: Shown) -> Any:
    """Show the tree with the path to the opened node. Each page takes at most six statements."""
    params = visit.request.query_params
    part = _part(params)
    nodes = await queries.read_tree(visit.site.db, shown.opened, part=part)
    if not shown.opened and "open" not in params and len(nodes) <= OPEN_BELOW:
        queries.open_grades(nodes.values())
    kinds = {node.id: node.kind for node in nodes.values()}
    impact, affects = None, False
    if shown.deleting in kinds:
        found = await queries.read_impact(visit.site.db, kinds[shown.deleting], shown.deleting)
        impact, affects = _sentence(visit, kinds[shown.deleting], found), bool(found)
    mentors = [] if impact else await _mentors(visit)
    deleted = await _deleted(visit, params.get("deleted", "1"))
    return visit.page(
        "admin_curriculum.html",
        visit.text("Curriculum"),
        status=shown.status,
        said=_said(visit, params, nodes, deleted),
        shown=shown,
        levels=queries.roots(nodes.values()),
        impact=impact,
        affects=affects,
        mentors=mentors,
        stages=_stages(visit),
        stage_of=stage_of,
        deleted=deleted.data,
        pages=deleted.pagination,
        link=lambda number: f"{PATH}?{urlencode({'deleted': number})}#deleted",
        kind_of=KIND_OF,
        part=part,
        parts=lambda number: (number - 1) // queries.MAX_SUBJECTS + 1,
        undo_seconds=UNDO_SECONDS,
    )


def _part(params: QueryParams) -> int:
    """Return which part of a large grade's subjects the address names, from 1 on."""
    given = params.get("part", "")
    return max(1, int(given)) if given.isdecimal() and len(given) < 5 else 1


async def _mentors(visit: Visit) -> list[tuple[str, str]]:
    request = listing.read(
        identity.USERS, {"role": "MENTOR", "limit": "100", "sort": "lastName", "order": "asc"}
    )
    found = await identity.list_users(visit.site.db, request)
    return [(each.id, person_name(each)) for each in found.data]


async def _deleted(visit: Visit, number: str) -> Listed[DeletedNode]:
    request = listing.read(restoring.DELETED, {"limit": PER_PAGE, "page": number})
    return await restoring.list_deleted(visit.site.db, request)


def _stages(visit: Visit) -> dict[str, str]:
    names = (visit.text("Primary"), visit.text("Secondary"), visit.text("Higher"))
    return dict(zip(STAGES, names, strict=True))


def _sentence(visit: Visit, kind: str, impact: Impact) -> str:
    """Return the impact of a deletion, such as "3 grades, 41 topics, 120 learners lose access"."""
    parts = []
    if kind == "levels":
        parts.append(counted(visit, "%(num)d grade", "%(num)d grades", impact.children))
    if kind == "grades":
        parts.append(counted(visit, "%(num)d subject", "%(num)d subjects", impact.children))
    if kind != "topics":
        parts.append(counted(visit, "%(num)d topic", "%(num)d topics", impact.topics))
    learners = impact.learners
    parts.append(
        counted(visit, "%(num)d learner loses access", "%(num)d learners lose access", learners)
    )
    return ", ".join(parts)


def _said(
    visit: Visit, params: QueryParams, nodes: dict[str, TreeNode], deleted: Listed[DeletedNode]
) -> Any:
    """Return the announcement of the last action; a deletion can be undone for 30 seconds."""
    if visit.form is not None:
        return None
    added = params.get("added", "")
    if added.isdecimal() and len(added) < 5:
        return counted(visit, "%(num)d added.", "%(num)d added.", int(added))
    if node := nodes.get(params.get("node", "")):
        return _did(visit, params.get("did", ""), node)
    for each in deleted.data:
        left = UNDO_SECONDS - (datetime.now(UTC) - each.deleted_at).total_seconds()
        if each.id == params.get("removed") and left >= 1:
            path = f"{PATH}/{KIND_OF[each.kind]}/{each.id}/restore"
            text = visit.text("%(name)s was deleted.", name=each.name)
            return undoable(text, path, seconds=int(left))
    return None


def _did(visit: Visit, verb: str, node: TreeNode) -> str | None:
    texts = {
        "saved": visit.text("%(name)s was saved.", name=node.name),
        "hidden": visit.text("%(name)s is hidden.", name=node.name),
        "shown": visit.text("%(name)s is visible.", name=node.name),
        "moved": visit.text("%(name)s was moved.", name=node.name),
        "restored": visit.text("%(name)s is back.", name=node.name),
    }
    return texts.get(verb)


def _place(anchor: str = "", **params: object) -> str:
    return f"{PATH}?{urlencode(params)}" + (f"#n-{anchor}" if anchor else "")


def _explain(visit: Visit, problem: ApiError) -> str:
    if isinstance(problem, Conflict) and problem.details.get("field") == "name":
        name = str(problem.details.get("value"))
        return visit.text("“%(name)s” is already there. Choose another name.", name=name)
    if isinstance(problem, ValidationFailed) and problem.details.get("field") == "name":
        name = str(problem.details.get("value"))[:SHOWN_OF_NAME]
        return visit.text("“%(name)s” cannot be used. Write 1 to 120 characters.", name=name)
    return visit.text(problem.message)


async def add(visit: Visit) -> Any:
    """Add one node per line of the field; the lines that could not be added stay in it."""
    kind, parent = visit.param("kind"), visit.field("parent")
    if kind not in changes.CREATED:
        raise NotFound
    try:
        number = await changes.add_lines(
            visit.db, visit.actor, kind, parent, visit.field("names"), stage=visit.field("stage")
        )
    except NotAdded as stopped:
        problem = stopped.problem
        failure = visit.text("“%(name)s” could not be added.", name=stopped.left[0].name)
        shown = Shown(
            opened=parent,
            failure=f"{failure} {_explain(visit, problem)}",
            filled=(parent, write_lines(stopped.left)),
            status=problem.status,
        )
        return await _page(visit, shown)
    return visit.go(_place(parent, open=parent, added=number))


async def change(visit: Visit) -> Any:
    """Rename, hide, show or move a node, or assign the mentor of a subject."""
    kind, node_id = visit.param("kind"), visit.param("node_id")
    if kind not in queries.KINDS:
        raise NotFound
    if way := visit.field("move"):
        write = changes.move(visit.db, visit.actor, kind, node_id, way)
        verb = "moved"
    else:
        given = _changes(visit, kind)
        write = changes.update(visit.db, visit.actor, kind, node_id, given)
        verb = {"0": "hidden", "1": "shown"}.get(visit.field("active"), "saved")

    async def refuse(problem: ApiError) -> Any:
        edited = node_id if verb == "saved" else ""
        text, status = _explain(visit, problem), problem.status
        return await _page(visit, Shown(opened=node_id, edited=edited, failure=text, status=status))

    then = _place(node_id, open=node_id, did=verb, node=node_id)
    return await submitted(visit, write, then=then, otherwise=refuse)


def _changes(visit: Visit, kind: str) -> dict[str, Any]:
    form: Mapping[str, Any] = visit.form or {}
    given: dict[str, Any] = {}
    if "name" in form:
        given["name"] = visit.field("name").strip()
    if visit.field("active"):
        given["isActive"] = visit.field("active") == "1"
    if kind == "grades" and visit.field("stage"):
        given["level"] = visit.field("stage")
    if kind == "subjects" and "mentor" in form:
        given["mentorId"] = visit.field("mentor") or None
    return given


async def delete(visit: Visit) -> Any:
    """Delete a node; where something disappears with it, the page shows what, and asks."""
    kind, node_id = visit.param("kind"), visit.param("node_id")
    if kind not in queries.KINDS:
        raise NotFound
    sure = visit.field("sure") == "1"
    asking = Shown(opened=node_id, deleting=node_id, status=409)
    if not sure and await queries.read_impact(visit.site.db, kind, node_id):
        return await _page(visit, asking)

    async def refuse(problem: ApiError) -> Any:
        if isinstance(problem, NotFound):
            raise problem
        return await _page(visit, asking)

    parent = await queries.find_parent(visit.site.db, kind, node_id)
    write = changes.delete(visit.db, visit.actor, kind, node_id, sure=sure)
    then = _place(parent or "", open=parent or "", removed=node_id)
    return await submitted(visit, write, then=then, otherwise=refuse)


async def restore(visit: Visit) -> Any:
    """Undo a deletion of the last 30 days."""
    kind, node_id = visit.param("kind"), visit.param("node_id")
    if kind not in queries.KINDS:
        raise NotFound

    async def refuse(problem: ApiError) -> Any:
        return await _page(visit, Shown(failure=_explain(visit, problem), status=problem.status))

    write = changes.restore(visit.db, visit.actor, kind, node_id)
    then = _place(node_id, open=node_id, did="restored", node=node_id)
    return await submitted(visit, write, then=then, otherwise=refuse)
