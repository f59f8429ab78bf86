"""Every test can fail: it asserts something, itself or through a function of the tests."""

from __future__ import annotations

import pytest

from tests.house.assertions import Module, read, without_assertion
from tests.house.project import ROOT


def test_every_test_asserts_something() -> None:
    modules = read(ROOT / "server" / "tests", "tests")
    modules += read(ROOT / "sdk" / "python" / "tests", "")
    assert len(modules) > 200
    assert without_assertion(modules) == []


# They fill tables with thousands of rows, or with the columns of an earlier revision.
BULK = {
    "tests.kept_fast.school",
    "tests.kept_fast.test_statements",
    "tests.notifications.test_topics",
    "tests.migrations.test_internal_ids",
    "tests.migrations.test_stairway",
    "tests.migrations.trial",
}


def test_users_come_from_the_factories() -> None:
    folder, statement = ROOT / "server" / "tests", "insert into " + "users"
    found = {
        "tests." + ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if statement in path.read_text(encoding="utf-8")
    }
    assert found == BULK


CHECKS = Module(
    "tests.checks",
    "class Client:\n"
    "    def same(self):\n        assert self\n"
    "    def get(self):\n        return self\n"
    "def deep():\n    shallow()\n"
    "def shallow():\n    assert 1\n",
)
HEAD = "import pytest\nfrom tests import checks\nfrom tests.checks import Client, deep\n"


@pytest.mark.parametrize(
    "body",
    [
        "def test_it():\n    assert 1",
        "async def test_it():\n    async with x:\n        assert 1",
        "def test_it():\n    with pytest.raises(ValueError):\n        x()",
        "def test_it():\n    deep()",
        "def test_it():\n    checks.shallow()",
        "def test_it(client: Client):\n    client.same()",
        "def own():\n    deep()\ndef test_it():\n    own()",
        "class All:\n    def step(self):\n        assert 1\ndef test_it(run):\n    run(All)",
        "class TestAll:\n    def test_it(self):\n        assert 1",
    ],
)
def test_an_assertion_is_recognized(body: str) -> None:
    assert without_assertion([CHECKS, Module("tests.test_x", HEAD + body)]) == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("def test_it():\n    x()", "test_it"),
        (
            "async def test_it():\n    try:\n        x()\n    except ValueError:\n        pass",
            "test_it",
        ),
        ("def test_it(client: Client):\n    client.get()", "test_it"),
        ("def test_it(client):\n    client.get()", "test_it"),
        ("def deepen():\n    x()\ndef test_it():\n    deepen()", "test_it"),
        ("class TestAll:\n    def test_it(self):\n        x()", "TestAll.test_it"),
    ],
)
def test_a_test_without_assertion_is_reported(body: str, name: str) -> None:
    found = without_assertion([CHECKS, Module("tests.test_x", HEAD + body)])
    assert found == [f"tests.test_x::{name}"]
