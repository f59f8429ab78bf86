"""Which template a path belongs to, and with which parameters."""

from __future__ import annotations

import pytest

from akako.kernel.http.router import PathTree

TEMPLATES = (
    "/",
    "/a",
    "/a/pending",
    "/a/{x}",
    "/a/{x}/c",
    "/a/pending/d",
    "/a/{x}/{y}/e",
    "/b/{x}/c/{y}",
)


@pytest.fixture
def tree() -> PathTree[str]:
    tree: PathTree[str] = PathTree()
    for template in TEMPLATES:
        tree.add(template, template)
    return tree


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/", "/", {}),
        ("/a", "/a", {}),
        ("/a/1", "/a/{x}", {"x": "1"}),
        ("/a/pending", "/a/pending", {}),
        ("/a/Pending", "/a/{x}", {"x": "Pending"}),
        ("/a/pending/d", "/a/pending/d", {}),
        ("/a/1/c", "/a/{x}/c", {"x": "1"}),
        # A static segment that leads nowhere leaves the path to the parameter.
        ("/a/pending/c", "/a/{x}/c", {"x": "pending"}),
        ("/a/pending/d/e", "/a/{x}/{y}/e", {"x": "pending", "y": "d"}),
        ("/b/1/c/2", "/b/{x}/c/{y}", {"x": "1", "y": "2"}),
        ("/b/{x}/c/{y}", "/b/{x}/c/{y}", {"x": "{x}", "y": "{y}"}),
        ("/a/%2F", "/a/{x}", {"x": "%2F"}),  # paths are decoded before, and only once
        ("/a/..", "/a/{x}", {"x": ".."}),
        ("/a/1\n", "/a/{x}", {"x": "1\n"}),
    ],
)
def test_a_path_is_found(
    tree: PathTree[str], path: str, template: str, parameters: dict[str, str]
) -> None:
    assert tree.find(path) == (template, parameters)


@pytest.mark.parametrize(
    "path",
    [
        *("", "a", "*", "//", "/a/", "//a", "/a//", "/a//c", "/b//c/2", "/b/1/c/", "/b/1/c//"),
        *("/A", "/a/1/d", "/a/1/2/3", "/b", "/b/1", "/b/1/c", "/b/1/c/2/3", "/a\n", "/a/pending/"),
        *("/a/\0", "/a/x\0y/c", "/a\0", "/" * 8000, "/a" * 4000),
    ],
)
def test_any_other_path_is_not_found(tree: PathTree[str], path: str) -> None:
    assert tree.find(path) is None


@pytest.mark.parametrize("template", ["/a", "/a/{y}", "/b/{y}/c/{x}"])
def test_two_templates_of_one_shape_are_an_error(tree: PathTree[str], template: str) -> None:
    with pytest.raises(ValueError, match="two routes match the same paths"):
        tree.add(template, "again")


def test_a_failed_branch_leaves_no_parameter_behind() -> None:
    tree: PathTree[str] = PathTree()
    tree.add("/{a}/{b}/x", "three")
    tree.add("/{a}/y", "two")
    assert tree.find("/1/y") == ("two", {"a": "1"})
    assert tree.find("/1/y/x") == ("three", {"a": "1", "b": "y"})
    assert tree.find("/1/2/y") is None
