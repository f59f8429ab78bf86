"""Levels, grades and subjects for administrators: add, rename, hide, assign, delete."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from akako.education import schemas, service
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, Nodes
from akako.education.service import Edit
from akako.identity import queries as identity
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import ApiError, NotFound
from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.web.names import person_name
from akako.web.site import Site, Visit, page

ALL = {"limit": "100", "order": "asc", "includeInactive": "true"}
STAGES = ("primary", "secondary", "higher")
MAX_LINES = 100
KINDS: dict[str, tuple[Nodes[Any], type[schemas.LevelUpdate]]] = {
    "levels": (LEVELS, schemas.LevelUpdate),
    "grades": (GRADES, schemas.GradeUpdate),
    "subjects": (SUBJECTS, schemas.SubjectUpdate),
}


def routes(site: Site) -> list[Route]:
    post = ("POST",)
    node = "/admin/curriculum/{kind}/{node_id}"
    return [
        page("/admin/curriculum", show, site=site, roles=(ADMIN,)),
        page("/admin/curriculum/{kind}", add, site=site, roles=(ADMIN,), methods=post),
        page(node, change, site=site, roles=(ADMIN,), methods=post),
        page(f"{node}/delete", delete, site=site, roles=(ADMIN,), methods=post),
    ]


async def nodes_of(visit: Visit, nodes: Nodes[Any], parent_id: str | None) -> list[Any]:
    request = listing.read(nodes.spec, {**ALL, "sort": "name"})
    listed = await service.list_nodes(visit.site.db, visit.actor, nodes, parent_id, request)
    return list(listed.data)


async def show(visit: Visit) -> Any:
    return await _tree(visit)


async def _tree(visit: Visit, *, said: str | None = None, failure: str = "") -> Any:
    """Show the path to the opened level and grade; the rest stays closed."""
    params = visit.request.query_params
    level_id, grade_id = params.get("level"), params.get("grade")
    levels = await nodes_of(visit, LEVELS, None)
    grades = await nodes_of(visit, GRADES, level_id) if level_id else []
    subjects = await nodes_of(visit, SUBJECTS, grade_id) if grade_id else []
    mentors = listing.read(identity.USERS, {"role": "MENTOR", "limit": "100", "sort": "lastName"})
    people = (await identity.list_users(visit.site.db, mentors)).data if grade_id else []
    return visit.page(
        "admin_curriculum.html",
        visit.text("Curriculum"),
        status=409 if failure else 200,
        said=said,
        failure=failure,
        levels=levels,
        level_id=level_id,
        grades=grades,
        grade_id=grade_id,
        subjects=subjects,
        stages=STAGES,
        mentors=[(each.id, person_name(each)) for each in people],
    )


def _place(visit: Visit) -> str:
    level, grade = visit.field("level"), visit.field("grade")
    return (
        "/admin/curriculum"
        + (f"?level={level}" if level else "")
        + (f"&grade={grade}" if level and grade else "")
    )


def _known(visit: Visit) -> tuple[Nodes[Any], type[schemas.LevelUpdate]]:
    found = KINDS.get(visit.param("kind"))
    if found is None:
        raise NotFound
    return found


async def add(visit: Visit) -> Any:
    """Add one node per line of the field; stop at the first line that cannot be added."""
    names = [line.strip() for line in visit.field("names").splitlines() if line.strip()]
    kind = visit.param("kind")
    _known(visit)
    try:
        for name in names[:MAX_LINES]:
            await _create(visit.db, visit, kind, name)
    except ApiError as problem:
        return await _tree(visit, failure=problem.message)
    return visit.go(_place(visit))


async def _create(db: Database, visit: Visit, kind: str, name: str) -> None:
    if kind == "levels":
        level = validation.read(schemas.LevelCreate, {"name": name})
        await service.create_level(db, visit.actor, level=level)
    elif kind == "grades":
        given = {
            "name": name,
            "educationLevelId": visit.field("level"),
            "level": visit.field("stage"),
        }
        grade = validation.read(schemas.GradeCreate, given)
        await service.create_grade(db, visit.actor, grade=grade)
    else:
        subject = validation.read(
            schemas.SubjectCreate, {"name": name, "gradeId": visit.field("grade")}
        )
        await service.create_subject(db, visit.actor, subject=subject)


async def change(visit: Visit) -> Any:
    """Rename, hide or show a node, or assign the mentor of a subject."""
    nodes, model = _known(visit)
    given: dict[str, Any] = {}
    if visit.field("name").strip():
        given["name"] = visit.field("name").strip()
    if visit.field("active"):
        given["isActive"] = visit.field("active") == "1"
    if visit.form and "mentor" in visit.form and nodes is SUBJECTS:
        given["mentorId"] = visit.field("mentor") or None
    node_id = visit.param("node_id")
    try:
        changes, echoed = validation.read_changes(model, given)
        edit = Edit(changes, echoed)
        if nodes is SUBJECTS:
            await service.update_subject(visit.db, visit.actor, node_id, edit=edit)
        else:
            await service.update_node(visit.db, visit.actor, nodes, node_id, edit=edit)
    except ApiError as problem:
        return await _tree(visit, failure=problem.message)
    return visit.go(_place(visit))


async def delete(visit: Visit) -> Any:
    """Delete a node; where learners are enrolled below it, the page asks once more."""
    nodes, _ = _known(visit)
    try:
        await service.delete_node(
            visit.db,
            visit.actor,
            nodes,
            visit.param("node_id"),
            force=visit.field("force") == "1",
            if_match=None,
        )
    except ApiError as problem:
        return await _tree(visit, failure=problem.message)
    return visit.go(_place(visit))
