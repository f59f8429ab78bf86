"""Every import rule of pyproject.toml bites, and only the settings read the environment."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, SERVER

ROOMS = ("webhooks", "enrollment", "mentors", "library", "ops", "education", "plans", "identity")
PACKAGES = ("kernel", "backends", "migrations", "backup", "commands", *ROOMS)
READS = {"environ", "environb", "getenv", "getenvb"}


def readers_of_the_environment(folder: Path) -> list[str]:
    """Places that use `os.environ`, `os.getenv` and their kin, other than to hand a value down."""
    return [
        f"{path.relative_to(folder)}:{line}"
        for path in sorted(folder.rglob("*.py"))
        for line in _readers(ast.parse(path.read_text(encoding="utf-8")))
    ]


def _readers(module: ast.Module) -> list[int]:
    nodes = list(ast.walk(module))
    written = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    attributes = (node for node in nodes if isinstance(node, ast.Attribute))
    imports = (node for node in nodes if isinstance(node, ast.ImportFrom))
    used = [each.lineno for each in attributes if each.attr in READS and id(each) not in written]
    taken = [
        each.lineno for each in imports if READS.intersection(name.name for name in each.names)
    ]
    return sorted(used + taken)


def test_only_the_settings_read_the_environment() -> None:
    readers = readers_of_the_environment(SERVER)
    assert [place for place in readers if not place.startswith("settings/loading.py:")] == []


def test_a_reader_of_the_environment_is_seen(tmp_path: Path) -> None:
    lines = [
        "from os import environ",
        "import os",
        "a = os.environ['A']",
        "os.environ['A'] = 'x'",
        "b = os.getenv('B')",
    ]
    (tmp_path / "room.py").write_text("\n".join(lines))
    assert readers_of_the_environment(tmp_path) == ["room.py:1", "room.py:3", "room.py:5"]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package shaped like ours, whose imports all go the right way."""
    house = tmp_path / "akako"
    for package in PACKAGES:
        (house / package).mkdir(parents=True)
        for module in ("__init__", "queries", "service", "routes", "http"):
            (house / package / f"{module}.py").touch()
    (house / "__init__.py").touch()
    imports = {
        "cli.py": "akako.commands.http",
        "commands/http.py": "akako.serving, akako.main, akako.backup.service",
        "backup/service.py": "akako.migrations, akako.education.queries",
        "serving.py": "akako.main, akako.migrations",
        "main.py": "akako.settings, akako.backends.http, akako.library.routes",
        "settings.py": "akako.kernel",
        "backends/http.py": "akako.kernel.service",
        "library/routes.py": "akako.library.service, akako.kernel.http",
        "library/service.py": "akako.library.queries, akako.education.service, akako.plans.service",
        "library/queries.py": "akako.identity.queries",
        "education/service.py": "akako.identity.service",
        "kernel/http.py": "starlette",
    }
    for name, modules in imports.items():
        (house / name).write_text(f"import {modules}\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return house


def check_imports(house: Path) -> subprocess.CompletedProcess[str]:
    script = "import sys; from importlinter import cli; sys.exit(cli.lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=house.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_that_go_the_right_way_pass(house: Path) -> None:
    result = check_imports(house)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kernel/service.py", "akako.identity.service"),
        ("identity/service.py", "akako.plans.service"),
        ("plans/service.py", "akako.education.service"),
        ("enrollment/service.py", "akako.library.service"),
        ("backends/service.py", "akako.identity.queries"),
        ("backends/service.py", "akako.library.queries"),
        ("library/service.py", "akako.backends.http"),
        ("kernel/service.py", "akako.backends.http"),
        ("library/service.py", "akako.settings"),
        ("kernel/service.py", "akako.main"),
        ("library/queries.py", "akako.library.service"),
        ("library/queries.py", "akako.education.service"),
        ("library/queries.py", "akako.library.routes"),
        ("library/service.py", "akako.library.routes"),
        ("library/routes.py", "starlette"),
        ("kernel/service.py", "starlette.datastructures"),
        ("main.py", "akako.serving"),
        ("serving.py", "akako.cli"),
        ("commands/http.py", "akako.cli"),
        ("serving.py", "akako.commands.http"),
        ("backup/service.py", "akako.main"),
        ("attic.py", "json"),
    ],
)
def test_an_import_that_goes_the_wrong_way_is_seen(
    house: Path, importer: str, imported: str
) -> None:
    with (house / importer).open("a") as file:
        file.write(f"import {imported}\n")
    result = check_imports(house)
    assert result.returncode == 1, result.stdout + result.stderr
    if importer != "attic.py":
        assert "BROKEN" in result.stdout
