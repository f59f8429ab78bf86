"""Every advisory lock of the sources has a number of its own, from one registry."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from akako.kernel.db import locks
from tests.house.project import ROOT

SOURCES = ROOT / "server" / "akako"
CALL = re.compile(r"pg_(?:try_)?advisory\w*lock\w*\s*\((.*)", re.DOTALL)
# How an argument may be written: as a value of the statement, or composed from the registry.
VALUE = re.compile(r"(?:\$\d|%s)\)")
NAMED = re.compile(r"\{locks\.[A-Z_]+\}\)|hashtextextended\([^,]+, \{locks\.[A-Z_]+_SEED\}\)")
REGISTERED = re.compile(r"\blocks\.[A-Z_]+\b")


def numbers() -> dict[str, int]:
    return {name: value for name, value in vars(locks).items() if name.isupper()}


def text_of(node: ast.AST) -> str | None:
    """The text of a string or f-string, with `{expression}` for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [
            each.value if isinstance(each, ast.Constant) else f"{{{ast.unparse(each.value)}}}"
            for each in node.values
            if isinstance(each, ast.Constant | ast.FormattedValue)
        ]
        return "".join(map(str, parts))
    return None


def unregistered(source: str) -> Iterator[str]:
    """The SQL of advisory locks whose number or seed is not from the registry."""
    tree = ast.parse(source)
    inner = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for each in node.values
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in ast.walk(tree):
        text = text_of(node) if id(node) not in inner else None
        if text is None:
            continue
        if "locktype" in text and not REGISTERED.search(text):
            yield text
        if (found := CALL.search(text)) and not NAMED.match(found[1]):
            passed = [call for call in calls if node in call.args]
            given = " ".join(ast.unparse(each) for call in passed for each in call.args)
            if not (VALUE.match(found[1]) and REGISTERED.search(given)):
                yield text


def test_no_two_purposes_share_a_number() -> None:
    seeds = {name for name in numbers() if name.endswith("_SEED")}
    for names in (seeds, numbers().keys() - seeds):
        counted = Counter(numbers()[name] for name in names)
        assert [number for number, count in counted.items() if count > 1] == []


def test_every_lock_in_the_sources_is_from_the_registry() -> None:
    modules = sorted(SOURCES.rglob("*.py"))
    found = {
        str(path.relative_to(SOURCES)): list(unregistered(path.read_text(encoding="utf-8")))
        for path in modules
    }
    assert {path: each for path, each in found.items() if each} == {}
    mentioned = [path for path in modules if "advisory" in path.read_text(encoding="utf-8")]
    assert len(mentioned) >= 7


def test_every_number_is_used_and_written_once() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")}
    registry = Path(locks.__file__)
    for name, number in numbers().items():
        users = [path for path, text in texts.items() if f"locks.{name}" in text]
        assert users, name
        if not name.endswith("_SEED"):
            written = [path for path, text in texts.items() if str(number) in text.replace("_", "")]
            assert written == [registry]


@pytest.mark.parametrize(
    "source",
    [
        'db.execute("select pg_advisory_lock(4151209009)")',
        'db.execute("select pg_advisory_xact_lock($1)", 7)',
        'LOCK = 7\ndb.execute("select pg_try_advisory_lock_shared(%s)", [LOCK])',
        'db.execute("select pg_advisory_xact_lock(hashtextextended($1, 2))", name)',
        'db.execute(f"select pg_advisory_lock({NUMBER})")',
        'SQL = "select pg_advisory_xact_lock(1, 2)"',
        "SQL = \"select from pg_locks where locktype = 'advisory' and objid = 7\"",
    ],
)
def test_a_number_from_elsewhere_is_noticed(source: str) -> None:
    assert len(list(unregistered(source))) == 1
