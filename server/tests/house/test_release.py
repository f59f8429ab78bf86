"""Every place names the version of the release, and the changelog describes it."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from akako import __version__
from tests.house.project import ROOT


def toml(path: str) -> Any:
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


def document(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def test_all_packages_and_documents_have_one_version() -> None:
    lock = document("sdk/typescript/package-lock.json")
    found = {
        "server": toml("pyproject.toml")["project"]["version"],
        "Python SDK": toml("sdk/python/pyproject.toml")["project"]["version"],
        "TypeScript SDK": document("sdk/typescript/package.json")["version"],
        "its lock file": lock["version"],
        "its root package": lock["packages"][""]["version"],
        "OpenAPI": document("contract/openapi.json")["info"]["version"],
        "Postman": document("contract/akako-lms.postman_collection.json")["info"]["version"],
    }
    assert found == dict.fromkeys(found, __version__)


def test_the_changelog_describes_the_version_below_the_unreleased_changes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert headings[:2] == ["Unreleased", __version__]
    section = text.partition(f"## [{__version__}]")[2].partition("\n## [")[0]
    assert re.match(r" - \d{4}-\d{2}-\d{2}\n", section)
    kinds = re.findall(r"^### (\w+)$", section, re.MULTILINE)
    assert kinds == ["Added", "Changed", "Fixed", "Security"]
    entries = re.findall(r"^- .+$", section, re.MULTILINE)
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("page", ["docs/sdks.md", "sdk/typescript/README.md"])
def test_pages_name_the_package_of_the_version(page: str) -> None:
    names = re.findall(r"akako-lms-sdk-([\d.]+)\.tgz", (ROOT / page).read_text(encoding="utf-8"))
    assert set(names) == {__version__}
