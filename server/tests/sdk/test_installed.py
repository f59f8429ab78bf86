"""What an integrator does first: install the package, copy the reference's example, run it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.server import Server
from tests.sdk import reference
from tests.sdk.packages import (
    PYTHON,
    REPOSITORY,
    TYPESCRIPT,
    compile_typescript,
    run,
    run_pip,
)

EXPECTED = "High School Secondary education"
TOPIC_ID = "0199f3c1a7b47c1e8d5a6b7c8d9e0f10"  # of the pages' examples

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def empty(api: Server) -> Iterator[Server]:
    """A server without the example's level, also afterwards."""
    yield api
    for level in api.get("/api/education/levels").json()["data"]:
        path = f"/api/admin/education/levels/{level['id']}"
        assert api.delete(path, as_="admin").status_code == 200


def at(example: str, server: Server) -> str:
    return reference.at(example, server.url, server.token("admin"))


def test_the_python_example(empty: Server, python: Path, tmp_path: Path) -> None:
    program = at(reference.PYTHON, empty) + reference.PYTHON_END
    assert run(tmp_path, python / "venv/bin/python", "-I", "-c", program).split("] ")[1] == (
        f"{EXPECTED}\n"
    )


def test_the_python_package_needs_nothing_but_httpx2(python: Path) -> None:
    listed = json.loads(run_pip(python, "list", "--format", "json"))
    names = {each["name"].lower().replace("_", "-") for each in listed}
    assert {"akako-lms", "httpx2"} <= names
    needed = {"anyio", "h11", "httpcore2", "idna", "truststore"}
    assert names <= {"akako-lms", "httpx2", "typing-extensions"} | needed


def mypy(python: Path, folder: Path, program: str) -> str:
    """Return what strict mypy reports on a program that has only the package."""
    (folder / "program.py").write_text(program)
    strict = ("--strict", "--no-incremental", "--python-executable", python / "venv/bin/python")
    return run(folder, sys.executable, "-m", "mypy", *strict, "--config-file=", "program.py")


def test_the_python_examples_are_typed(python: Path, tmp_path: Path) -> None:
    page = reference.examples(PYTHON / "README.md", "python")
    shown = "reveal_type(levels)\nreveal_type(new_level.name)\n"
    output = mypy(python, tmp_path, f"{page}\n{shown}")
    assert 'Revealed type is "akako_lms._session.Page[akako_lms.models.Level]"' in output
    assert re.search(r'Revealed type is "(builtins\.)?str"', output)


def test_a_mistake_in_python_is_seen_by_its_types(python: Path, tmp_path: Path) -> None:
    wrong = "api.education.get_levels(serach='x')\n"
    with pytest.raises(AssertionError) as caught:
        mypy(python, tmp_path, reference.PYTHON + wrong)
    assert 'Unexpected keyword argument "serach"' in str(caught.value)
    assert "Found 1 error" in str(caught.value)


def test_the_typescript_example_as_a_module(
    empty: Server, typescript: Path, tmp_path: Path
) -> None:
    program = typescript / "consumer" / f"{tmp_path.name}.mjs"
    program.write_text(at(reference.TYPESCRIPT, empty) + reference.TYPESCRIPT_END)
    assert run(typescript / "consumer", "node", program) == f"[] {EXPECTED}\n"


def test_the_typescript_example_in_commonjs(
    empty: Server, typescript: Path, tmp_path: Path
) -> None:
    program = typescript / "consumer" / f"{tmp_path.name}.cjs"
    example = at(reference.TYPESCRIPT, empty) + reference.TYPESCRIPT_END
    importing = "const { AkakoAPI } = require('@akako/lms-sdk');"
    program.write_text(reference.as_commonjs(example, importing))
    assert run(typescript / "consumer", "node", program) == f"[] {EXPECTED}\n"


def test_the_typescript_example_is_typed(typescript: Path) -> None:
    consumer = typescript / "consumer"
    importing = reference.TYPESCRIPT.partition("\n")[0]
    commonjs = reference.as_commonjs(reference.TYPESCRIPT, importing)
    (consumer / "module.mts").write_text(reference.TYPESCRIPT)
    (consumer / "commonjs.cts").write_text(commonjs)
    compile_typescript(typescript, "module.mts", "commonjs.cts")
    wrong = "const id: number = newLevel.id;\napi.education.getLevels({ serach: 'x' });\n"
    (consumer / "wrong.mts").write_text(reference.TYPESCRIPT + wrong)
    with pytest.raises(AssertionError) as caught:
        compile_typescript(typescript, "wrong.mts")
    assert str(caught.value).count("error TS") == 2


def topic_of(server: Server) -> str:
    """A topic to upload to; returns its id."""
    parent: dict[str, str] = {}
    for kind, more in (
        ("levels", {}),
        ("grades", {"level": "primary"}),
        ("subjects", {}),
        ("topics", {}),
    ):
        body = {"name": f"Of {kind}", **more, **parent}
        made = server.post(f"/api/admin/education/{kind}", as_="admin", json=body)
        key = {"levels": "educationLevelId"}.get(kind, f"{kind[:-1]}Id")
        parent = {key: made.json()["data"]["id"]}
    return parent["topicId"]


def test_the_examples_of_the_python_page(empty: Server, python: Path, tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "contract" / "files" / "study-material.pdf", tmp_path / "notes.pdf")
    page = reference.examples(PYTHON / "README.md", "python")
    assert page.startswith(reference.PYTHON)
    program = at(page, empty).replace(TOPIC_ID, topic_of(empty))
    output = run(tmp_path, python / "venv/bin/python", "-I", "-W", "error", "-c", program)
    assert output.endswith("\nname High School\n")
    assert (tmp_path / "copy.pdf").read_bytes() == (tmp_path / "notes.pdf").read_bytes()


def test_the_examples_of_the_typescript_page(empty: Server, typescript: Path) -> None:
    page = reference.examples(TYPESCRIPT / "README.md", "ts")
    assert page.startswith(reference.TYPESCRIPT)
    consumer = typescript / "consumer"
    program = at(page, empty).replace(TOPIC_ID, topic_of(empty))
    (consumer / "page.mts").write_text(program)
    compile_typescript(typescript, "page.mts")
    output = run(consumer, "node", consumer / "compiled" / "page.mjs")
    assert output.endswith("\nname High School\n")
