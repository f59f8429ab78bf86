"""The static files of the web app match their sources and stay small."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.house.project import ROOT, SERVER

STATIC = SERVER / "web" / "static"
MANIFEST: dict[str, str] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
KIB = 1024
# Compressed sizes. An island is a script of one page; the SDK's part in it does not count.
ISLAND = 10 * KIB
SDK = 6 * KIB  # its requests, errors and uploads
LIMITS = {
    "app.css": 16 * KIB,
    "core.js": 6 * KIB,
    "icons.svg": 6 * KIB,
    "uploader.js": ISLAND + SDK,
}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_committed_files_are_what_the_sources_build(tmp_path: Path) -> None:
    if not (ROOT / "web" / "node_modules" / "esbuild").is_dir():
        npm = shutil.which("npm") or "npm"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=ROOT / "web", check=True)
    built = tmp_path / "static"
    node = shutil.which("node") or "node"
    subprocess.run([node, "build.mjs", built], cwd=ROOT / "web", check=True)
    message = "static files are out of date: run `npm run build` in the folder web"
    assert content(built) == content(STATIC), message


def test_types_of_the_script_are_correct() -> None:
    node = shutil.which("node") or "node"
    tsc = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [node, tsc, "--noEmit"], cwd=ROOT / "web", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_static_file_is_small_and_named_for_its_content(name: str) -> None:
    data = (STATIC / MANIFEST[name]).read_bytes()
    size = len(gzip.compress(data, 9, mtime=0))
    sys.stdout.write(f"{name}: {size} bytes compressed\n")
    assert size <= LIMITS.get(name, ISLAND)
    stem, _, ending = name.rpartition(".")
    assert MANIFEST[name] == f"{stem}-{sha256(data).hexdigest()[:12]}.{ending}"


def test_static_files_request_nothing_from_other_hosts() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in STATIC.iterdir()}
    found = {
        name: re.findall(r"https?://(?!www\.w3\.org/)[^\"')\s]+", text)
        for name, text in texts.items()
    }
    assert {name: hosts for name, hosts in found.items() if hosts} == {}


def test_locked_packages_name_no_registry() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
