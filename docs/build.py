"""Build the documentation site: a folder of files that any web server can serve.

    python docs/build.py [FOLDER]

FOLDER: the working folder, by default `build/docs`; the site is its folder `site`. The exit status
is 1 if a link is broken. The site sends no request to other hosts.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ICON = "server/akako/ops/static/icon.svg"
LINK = re.compile(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)")
ROW = re.compile(r"^\| \[([^]]+)\]\(([\w/-]+\.md)\) \|", re.MULTILINE)
# What the theme would load for features that no page uses: diagrams, galleries, editors, a
# repository's stars.
FOREIGN = re.compile(rb"https://(?:unpkg\.com|cdn\.jsdelivr\.net|api\.github\.com|\$\{\w+\})/")


def linked(page: Path) -> Iterator[Path]:
    """Yield the files of this repository that a page links to."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve()
        if path.is_file() and path.is_relative_to(ROOT):
            yield path


def pages() -> set[Path]:
    """Return the README, every page of docs/, and each file that they link to."""
    waiting = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            if path.suffix == ".md":
                waiting += linked(path)
    return found


def navigation() -> list[dict[str, str]]:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = [{name: f"docs/{page}"} for name, page in ROW.findall(index)]
    return [{"Overview": "docs/index.md"}, *listed, {"Decisions": "docs/decisions/README.md"}]


def stage(folder: Path) -> None:
    """Copy pages and settings into the structure that zensical expects."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in pages():
        target = folder / "pages" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    theme = ROOT / "docs" / "theme"
    shutil.copytree(theme, folder / "theme")
    for path in (ROOT / ICON, theme / "extra.css"):
        shutil.copyfile(path, folder / "pages" / path.name)
    settings = (ROOT / "docs" / "mkdocs.yml").read_text(encoding="utf-8")
    settings += f"nav: {json.dumps(navigation())}\n"  # JSON is YAML too
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")


def keep_to_this_host(site: Path) -> None:
    """Replace addresses of other hosts in the scripts of the theme."""
    for script in site.rglob("*.js"):
        script.write_bytes(FOREIGN.sub(b"/not-used/", script.read_bytes()))


def build(folder: Path) -> Path:
    """Build the site; return its folder. Exit with the output of zensical if it fails."""
    stage(folder)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    site = folder / "site"
    keep_to_this_host(site)
    return site


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build" / "docs")
