"""The documentation tells every setting, error code, permission, event and page there is."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from akako import rooms
from akako.dispatch.event_types import BY_TYPE
from akako.kernel.core import envelope
from akako.kernel.openapi import failures
from akako.kernel.openapi.operations import path_of
from akako.settings import Settings, variable
from tests.contract.described import kinds
from tests.docs.pages import DOCS, PAGES, REPOSITORY, event_fields, events, whole_text
from tests.house.project import tree

SERVER = REPOSITORY / "server" / "akako"
WHO = {
    "required": "everyone signed in",
    "optional": "everyone, with or without a token",
    "checked": "everyone, with or without a token",
    "ignored": "everyone",
    "link": "everyone with the link",
}


def announced() -> Iterator[str]:
    """Every event in the code, as it is written there."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                yield from _announced_by(node)
            elif isinstance(node, ast.Constant) and "into outbox" in str(node.value):
                yield from re.findall(r"'[a-z_]+\.[a-z_]+'", str(node.value).partition("outbox")[2])


def _announced_by(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name == "audit.announce":
        yield ast.unparse(call.args[1])
    if name == "audit.record" and any(each.arg == "announces" for each in call.keywords):
        yield ast.unparse(call.args[2])
    if name == "audit.announce":
        yield ast.unparse(call.args[1])


def permissions() -> Iterator[tuple[str, ...]]:
    """(method, path, who, bucket) of every endpoint, from its declaration."""
    for each in rooms.endpoints():
        if not each.hidden:
            roles = ", ".join(f"`{role}`" for role in each.access.roles)
            if each.access.plans:
                roles += f"; plan {', '.join(each.access.plans)}"
            bucket = "" if each.exempt else each.bucket.name
            yield each.method, path_of(each), roles or WHO[each.access.token], bucket


def test_every_setting_is_explained() -> None:
    text = whole_text()
    missing = [
        variable(field)
        for field in Settings.__struct_fields__
        if not re.search(rf"\b{variable(field)}\b", text)
    ]
    assert missing == []


def test_no_setting_is_explained_that_does_not_exist() -> None:
    named = set(re.findall(r"\bAKAKO_[A-Z0-9_]*[A-Z0-9]\b(?!_)", whole_text()))
    assert named == set(map(variable, Settings.__struct_fields__))


def test_every_error_code_is_explained() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", page, re.MULTILINE))
    assert documented == {(str(each.status), each.code) for each in kinds()} | {
        ("500", "INTERNAL_ERROR")
    }


def test_every_event_is_documented() -> None:
    written = {event[1:-1] for event in announced() if event.startswith("'")}
    assert {"user.created", "document.uploaded"} <= written
    assert written - set(events()) == set()
    assert set(events()) == BY_TYPE.keys()
    described = {
        name: sorted(field.encode_name for field in msgspec.structs.fields(each.data))
        for name, each in BY_TYPE.items()
    }
    assert event_fields() == described
    # What these become is learned from a server whose every endpoint was called.
    composed = {event for event in announced() if not event.startswith("'")}
    assert composed == {"f'enrollment.{verb}'", "f'mentor_application.{verb}'", "action"}


def test_every_permission_is_documented() -> None:
    page = (DOCS / "permissions.md").read_text(encoding="utf-8")
    documented = re.findall(
        r"^\| ([A-Z]+) \| `([^`]+)` \| ([^|]+) \| (\w*) ?\|$", page, re.MULTILINE
    )
    assert sorted(documented) == sorted(permissions())


def test_the_table_of_permissions_is_what_the_generator_writes(tmp_path: Path) -> None:
    page = tmp_path / "permissions.md"
    script = REPOSITORY / "contract" / "permissions.py"
    subprocess.run([sys.executable, "-B", str(script), str(page)], check=True)
    assert page.read_text() == (DOCS / "permissions.md").read_text(), "run `make contract`"


def reasons() -> set[str]:
    """The `reason` of every error in the code that gives one."""
    found = set()
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                kind = ast.unparse(node.func).rpartition(".")[2]
                given = [each.value for each in node.keywords if each.arg == "reason"]
                place = {"BadRequest": 0, "Unauthorized": 0, "rejected": 2}.get(kind, 99)
                values = [*node.args[place : place + 1], *given]
                found |= {each.value for each in values if isinstance(each, ast.Constant)}
    return {each for each in found if isinstance(each, str)}


def test_every_reason_is_explained() -> None:
    assert len(reasons()) > 15
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:`\w+` )?\| (`.*?`) \|", page, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", "\n".join(rows))) == reasons()


def test_every_error_is_shown_as_it_looks() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    shown = [json.loads(line) for line in re.findall(r'^\{"success":.*$', page, re.MULTILINE)]
    expected = [json.loads(envelope.error(failures.sample(kind))) for kind in set(kinds())]
    assert sorted(shown, key=lambda each: str(each["code"])) == sorted(
        expected, key=lambda each: str(each["code"])
    )


def test_every_page_can_be_found() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((\w[\w-]*\.md)\)", index))
    assert linked == {page.name for page in PAGES} - {"index.md"}
    assert "docs/index.md" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
