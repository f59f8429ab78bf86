"""The writes of the curriculum page, by kind of node, through the rooms' services."""

from __future__ import annotations

from typing import Any

from akako.curriculum import ordering, restoring
from akako.education import schemas, service
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, TOPICS, Nodes
from akako.education.service import Edit
from akako.kernel.core import validation
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import ApiError, NotFound, ValidationFailed
from akako.kernel.db.database import Database
from akako.web.staff.curriculum.outline import Line, read_lines, stage_of
from akako.web.staff.curriculum.queries import find_parent

STAGES = ("primary", "secondary", "higher")
CREATED = ("levels", "grades", "subjects")
NODES: dict[str, Nodes[Any]] = {
    "levels": LEVELS,
    "grades": GRADES,
    "subjects": SUBJECTS,
    "topics": TOPICS,
}
UPDATES: dict[str, type[schemas.LevelUpdate]] = {
    "levels": schemas.LevelUpdate,
    "grades": schemas.GradeUpdate,
    "subjects": schemas.SubjectUpdate,
    "topics": schemas.TopicUpdate,
}
WAYS = {"up": -1, "down": 1}


class NotAdded(Exception):
    """The problem with a line, and the lines that were not added, which begin with it."""

    def __init__(self, problem: ApiError, left: list[Line]) -> None:
        super().__init__(problem.message)
        self.problem, self.left = problem, left


async def add_lines(
    db: Database, actor: Actor, kind: str, parent: str, text: str, *, stage: str
) -> int:
    """Add a node per line, indented lines below the line before; return how many.

    Raises:
        NotAdded: A line cannot be added. Those before it are stored.
    """
    lines = read_lines(text)
    if not lines:
        raise NotAdded(ValidationFailed.of("names", "Write at least one name"), [Line(0, "")])
    parents = [parent]
    kinds = [*CREATED[CREATED.index(kind) :]]
    for number, line in enumerate(lines):
        depth = min(line.depth, len(kinds) - 1, len(parents) - 1)
        del parents[depth + 1 :]
        if kinds[depth] == "levels":
            stage = stage_of(line.name)
        try:
            made = await _create(
                db, actor, kinds[depth], parents[depth], line.name, stage or STAGES[0]
            )
        except ApiError as problem:
            raise NotAdded(problem, lines[number:]) from problem
        parents.append(made)
    return len(lines)


async def _create(db: Database, actor: Actor, kind: str, parent: str, name: str, stage: str) -> str:
    if kind == "levels":
        level = validation.read(schemas.LevelCreate, {"name": name})
        return (await service.create_level(db, actor, level=level)).id
    if kind == "grades":
        given = {"name": name, "educationLevelId": parent, "level": stage}
        grade = validation.read(schemas.GradeCreate, given)
        return (await service.create_grade(db, actor, grade=grade)).id
    subject = validation.read(schemas.SubjectCreate, {"name": name, "gradeId": parent})
    return (await service.create_subject(db, actor, subject=subject)).id


async def update(
    db: Database, actor: Actor, kind: str, node_id: str, given: dict[str, Any]
) -> None:
    """Change the given fields of a node."""
    changes, echoed = validation.read_changes(UPDATES[kind], given)
    edit = Edit(changes, echoed)
    if kind == "topics":
        await service.update_topic(db, actor, node_id, edit=edit)
    elif kind == "subjects":
        await service.update_subject(db, actor, node_id, edit=edit)
    else:
        await service.update_node(db, actor, NODES[kind], node_id, edit=edit)


async def move(db: Database, actor: Actor, kind: str, node_id: str, way: str) -> None:
    """Move a topic by one place. The other kinds are in the order of their names."""
    if kind != "topics" or way not in WAYS:
        raise ValidationFailed.of("move", "Topics move up or down", way)
    subject_id = await find_parent(db, kind, node_id)
    if subject_id is None:
        raise NotFound("topic", node_id)
    await ordering.move(db, actor, subject_id, node_id, by=WAYS[way])


async def delete(db: Database, actor: Actor, kind: str, node_id: str, *, sure: bool) -> None:
    """Delete a node. Raises Conflict where learners are enrolled, unless `sure`."""
    if kind == "topics":
        await service.delete_topic(db, actor, node_id, if_match=None)
    else:
        nodes = NODES[kind]
        await service.delete_node(db, actor, nodes, node_id, force=sure, if_match=None)


async def restore(db: Database, actor: Actor, kind: str, node_id: str) -> None:
    await restoring.restore(db, actor, NODES[kind], node_id)
