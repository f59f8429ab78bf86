"""Where the project's files are."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
SERVER = ROOT / "server" / "akako"

# What a copy without git holds besides the project itself.
NOT_OURS = {".git", ".venv", "data", "node_modules", "__pycache__", "dist"}


# Hidden folders with files of the project.
SHOWN = {".ci", ".github"}


def project_files() -> list[Path]:
    """Every file that is committed or about to be."""
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        paths = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = list(ROOT.rglob("*"))
    return sorted(path for path in paths if path.is_file() and _ours(path.relative_to(ROOT)))


def _ours(path: Path) -> bool:
    folders = path.parts[:-1]
    hidden = any(each.startswith(".") and each not in SHOWN for each in folders)
    return not hidden and not NOT_OURS.intersection(folders)


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a module, which several checks read."""
    return ast.parse(path.read_text(encoding="utf-8"))
