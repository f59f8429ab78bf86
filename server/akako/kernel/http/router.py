"""Find the target of a path in a tree of segments, independent of the number of routes."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class PathTree(Generic[T]):
    """Paths such as `/users/{user_id}`. A static segment takes precedence over a parameter.

    A parameter matches one non-empty segment, so a doubled or a trailing slash matches nothing.
    """

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._root: _Node[T] = _Node()

    def add(self, template: str, target: T) -> None:
        """Register `target`. Raise ValueError if a template of the same shape is registered."""
        names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
        node = self._root
        for part in template.split("/"):
            node = node.children.setdefault(None if part.startswith("{") else part, _Node())
        if node.leaf is not None:
            raise ValueError(f"two routes match the same paths; one is {template}")
        node.leaf = (target, names)
        if not names:
            self._exact[template] = target

    def find(self, path: str) -> tuple[T, dict[str, str]] | None:
        """Return the target and the parameters of the decoded path; None if nothing matches."""
        if (target := self._exact.get(path)) is not None:
            return target, {}
        values: list[str] = []
        leaf = self._root.find(path.split("/"), 0, values)
        return leaf and (leaf[0], dict(zip(leaf[1], values, strict=True)))


class _Node(Generic[T]):
    __slots__ = ("children", "leaf")

    def __init__(self) -> None:
        self.children: dict[str | None, _Node[T]] = {}  # None: any segment, a parameter
        self.leaf: tuple[T, list[str]] | None = None

    def find(self, parts: list[str], at: int, values: list[str]) -> tuple[T, list[str]] | None:
        if at == len(parts):
            return self.leaf
        child = self.children.get(parts[at])
        if child is not None and (leaf := child.find(parts, at + 1, values)):
            return leaf
        child = self.children.get(None)
        # PostgreSQL accepts no U+0000 in text, so no parameter can contain it.
        if child is None or not parts[at] or "\0" in parts[at]:
            return None
        values.append(parts[at])
        if leaf := child.find(parts, at + 1, values):
            return leaf
        values.pop()
        return None
