"""The hosted checks, the commit hooks and the dependency updates name what exists."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

from tests.house.project import ROOT, project_files

GATE = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
HIGHEST = re.compile(r"Programming Language :: Python :: (3\.\d+)")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_hosted_checks_are_those_of_the_gate() -> None:
    job = read(".github/workflows/ci.yml")["jobs"]["test"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == re.findall(r"^(make [a-z-]+)", GATE, re.MULTILINE)


def test_every_supported_python_is_checked() -> None:
    tested = read(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    for name in ("pyproject.toml", "sdk/python/pyproject.toml"):
        project = tomllib.loads((ROOT / name).read_text(encoding="utf-8"))["project"]
        classified = [match[1] for each in project["classifiers"] if (match := HIGHEST.match(each))]
        assert classified == tested
        assert project["requires-python"] == f">={tested[0]}"


def test_updates_cover_every_folder_with_requirements() -> None:
    updates = {
        each["package-ecosystem"]: each for each in read(".github/dependabot.yml")["updates"]
    }
    packages = (each for each in project_files() if each.name == "package.json")
    npm = {f"/{each.parent.relative_to(ROOT)}" for each in packages}
    assert set(updates["npm"]["directories"]) == npm
    assert {"/requirements", "/", "/sdk/python"} == set(updates["pip"]["directories"])
    assert "github-actions" in updates


def test_commit_hooks_run_the_tools_of_the_environment() -> None:
    (local,) = read(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert {each["id"] for each in local["hooks"]} == {"ruff-format", "ruff", "mypy", "words"}
    assert all(each["entry"].startswith(".venv/bin/") for each in local["hooks"])


def test_both_packages_publish_their_types() -> None:
    assert (ROOT / "server" / "akako" / "py.typed").exists()
    assert (ROOT / "sdk" / "python" / "akako_lms" / "py.typed").exists()
