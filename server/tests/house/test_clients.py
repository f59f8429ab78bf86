"""Every HTTP client of the tests sets a timeout: a busy machine exceeds the default of 5 s."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.project import ROOT, project_files, tree

FOLDERS = (ROOT / "server" / "tests", ROOT / "sdk" / "python" / "tests")
REQUESTS = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"}
SENDERS = REQUESTS | {"Client", "AsyncClient"}


def without_timeout(module: ast.Module) -> Iterator[int]:
    """Yield the lines of the calls of `httpx2` that leave the timeout to its default."""
    for node in ast.walk(module):
        match node:
            case ast.Call(ast.Attribute(ast.Name("httpx2"), name)) if name in SENDERS:
                given = {each.arg for each in node.keywords}
                if not given & {"timeout", None}:  # None: keywords that are passed on
                    yield node.lineno


def test_every_client_has_a_timeout() -> None:
    paths = [
        path
        for path in project_files()
        if path.suffix == ".py" and any(path.is_relative_to(each) for each in FOLDERS)
    ]
    assert len(paths) > 200
    assert [f"{path}:{line}" for path in paths for line in without_timeout(tree(path))] == []


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("httpx2.get(url)", [1]),
        ("with httpx2.Client(base_url=url) as client:\n    client.get('/')", [1]),
        ("\nhttpx2.AsyncClient(verify=False)", [2]),
        ("httpx2.get(url, timeout=60)", []),
        ("httpx2.Client(**options)", []),
        ("httpx2.Timeout(5)\nclient.get(url)", []),
    ],
)
def test_the_check_finds_calls_without_a_timeout(code: str, lines: list[int]) -> None:
    assert list(without_timeout(ast.parse(code))) == lines
