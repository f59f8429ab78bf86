"""SQL of the curriculum page: the tree in one statement, and what a deletion affects."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from akako.kernel.db.database import Database
from akako.visibility.tree import GRADE, LEVEL, SUBJECT, TOPIC, Kind

KINDS: dict[str, Kind] = {"levels": LEVEL, "grades": GRADE, "subjects": SUBJECT, "topics": TOPIC}
CHILD = {"levels": "grades", "grades": "subjects", "subjects": "topics"}
MAX_LEVELS, MAX_GRADES, MAX_SUBJECTS, MAX_TOPICS = 100, 500, 500, 500
# Above this number of subjects a page holds those of one grade only.
SMALL_SCHOOL = 150

# $1: the id of the opened node, $2: the number of subjects before those of the page.
# Topics are those of the opened subject, which is always on the page.
TREE = f"""
(select 0 as depth, l.id, null::text as parent_id, l.name, l.is_active, null::text as stage,
    null::text as mentor_id, null::text as mentor, 0::bigint as count, l.sort_key, 0 as position
 from education_levels l where l.deleted_at is null order by l.sort_key, l.id limit {MAX_LEVELS})
union all
(select 1, g.id, g.level_id, g.name, g.is_active, g.stage, null, null, (
    select count(*) from subjects s where s.grade_id = g.id and s.deleted_at is null),
    g.sort_key, 0
 from grades g where g.deleted_at is null order by g.sort_key, g.id limit {MAX_GRADES})
union all
(select 2, s.id, s.grade_id, s.name, s.is_active, null, m.id,
    coalesce(nullif(concat_ws(' ', m.first_name, m.last_name), ''), m.username, m.email, m.id), (
    select count(*) from topics t where t.subject_id = s.id and t.deleted_at is null),
    s.sort_key, 0
 from subjects s left join users m on m.id = s.mentor_id and m.deleted_at is null
 where s.deleted_at is null and (
    (select count(*) from subjects where deleted_at is null) <= {SMALL_SCHOOL}
    or s.grade_id = $1
    or s.grade_id = (select grade_id from subjects where id = $1)
    or s.grade_id = (select o.grade_id from topics t join subjects o on o.id = t.subject_id
        where t.id = $1))
 order by coalesce(s.id in ($1, (select subject_id from topics where id = $1)), false) desc,
    s.sort_key, s.id
 limit {MAX_SUBJECTS} offset $2)
union all
(select 3, t.id, t.subject_id, t.name, t.is_active, null, null, null, 0, t.sort_key, t.position
 from topics t where t.deleted_at is null and t.subject_id in (
    select id from subjects where id = $1 union all select subject_id from topics where id = $1)
 order by t.position, t.id limit {MAX_TOPICS})
order by depth, position, sort_key, id
"""


class TreeNode(msgspec.Struct, kw_only=True):
    """A node of the tree. `count` is the number of its children, also of those not on the page.

    `children` is None where they are not on the page; `open` says whether they are shown.
    """

    kind: str
    id: str
    parent_id: str | None
    name: str
    is_active: bool
    stage: str | None
    mentor_id: str | None
    mentor: str | None
    count: int
    children: list[TreeNode] | None = None
    open: bool = False
    first: bool = False
    last: bool = False


async def read_tree(db: Database, opened: str, *, part: int = 1) -> dict[str, TreeNode]:
    """Return the nodes by id, in the order of the page, with the path to `opened` open.

    Args:
        part: Which MAX_SUBJECTS subjects of a large grade, from 1 on.
    """
    kinds = tuple(KINDS)
    nodes = {}
    for row in await db.fetch(TREE, opened, (part - 1) * MAX_SUBJECTS):
        facts = {name: row[name] for name in TreeNode.__struct_fields__[1:9]}
        nodes[row["id"]] = TreeNode(kind=kinds[row["depth"]], **facts)
    _connect(nodes)
    node = nodes.get(opened)
    while node is not None:
        node.open = True
        node = nodes.get(node.parent_id or "")
    return nodes


def _connect(nodes: dict[str, TreeNode]) -> None:
    for node in nodes.values():
        if node.kind == "levels" or (node.kind != "topics" and not node.count):
            node.children = []
    for node in nodes.values():
        parent = nodes.get(node.parent_id or "")
        if parent is None:
            continue
        if parent.children is None:
            parent.children = []
        node.first = not parent.children
        parent.children.append(node)
    for node in nodes.values():
        if node.children:
            node.children[-1].last = True
        if node.kind == "levels":
            node.count = len(node.children or ())


def roots(nodes: Iterable[TreeNode]) -> list[TreeNode]:
    return [each for each in nodes if each.kind == "levels"]


def open_grades(nodes: Iterable[TreeNode]) -> None:
    """Show what is in levels and grades."""
    for node in nodes:
        node.open = node.kind in ("levels", "grades") and node.children is not None


class Impact(msgspec.Struct):
    """What disappears with a node: numbers of children and topics, and of learners with access."""

    children: int
    topics: int
    learners: int

    def __bool__(self) -> bool:
        return bool(self.children or self.topics or self.learners)


async def read_impact(db: Database, kind: str, node_id: str) -> Impact:
    """Count what becomes invisible when a node is deleted. Learners are counted once."""
    node = KINDS[kind]
    child = KINDS[CHILD[kind]] if kind in CHILD else None
    counted = [child if kind != "subjects" else None, TOPIC if node is not TOPIC else None]
    numbers = [
        f"(select count(*) from {each.source} where {each.present} and {node.alias}.id = $1)"
        if each
        else "0::bigint"
        for each in counted
    ]
    subject = "$1" if node is not TOPIC else "(select subject_id from topics where id = $1)"
    alias = node.alias if node is not TOPIC else SUBJECT.alias
    row = await db.fetchrow(
        f"""
        select {", ".join(numbers)}, (
            select count(distinct e.user_id)
            from enrollments e join {SUBJECT.source} on s.id = e.subject_id
            where e.status = 'APPROVED' and {SUBJECT.present} and {alias}.id = {subject})
        """,
        node_id,
    )
    assert row is not None
    return Impact(*row)


async def find_parent(db: Database, kind: str, node_id: str) -> str | None:
    """Return the id of a node's parent; None for a level or an unknown node."""
    node = KINDS[kind]
    if node.parent is None:
        return None
    sql = f"select {node.parent_column} from {node.table} where id = $1"
    found: str | None = await db.fetchval(sql, node_id)
    return found
