"""Building the SDKs and installing them where nothing else is, as an integrator does."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PYTHON = REPOSITORY / "sdk" / "python"
TYPESCRIPT = REPOSITORY / "sdk" / "typescript"
LEFT_OUT = shutil.ignore_patterns("node_modules", "dist", "build", "__pycache__", "*.tgz")
STRICT = {
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "module": "nodenext",
    "target": "es2022",
    "lib": ["es2022", "dom", "dom.asynciterable"],
    "types": [],
    "outDir": "compiled",
}
NPM = ("npm", "--no-audit", "--no-fund", "--no-update-notifier")


def run(folder: Path, *command: str | Path, **environment: str) -> str:
    """Run a command; return what it printed. Its failure is the test's."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Build into a folder, unless another of the test processes has done so; return it."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            building = folder.with_suffix(".building")
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            build(building)
            building.rename(folder)
    return folder


def build_typescript(folder: Path) -> None:
    """`package`, with its tools, and `consumer`, a project that installed the packed package."""
    package, consumer = folder / "package", folder / "consumer"
    shutil.copytree(TYPESCRIPT, package, ignore=LEFT_OUT)
    run(package, *NPM, "ci")
    run(package, "npm", "pack", "--silent", "--pack-destination", folder)
    (packed,) = folder.glob("*.tgz")
    consumer.mkdir()
    (consumer / "package.json").write_text('{"private": true}\n')
    run(consumer, *NPM, "install", packed)


def run_pip(folder: Path, *arguments: str | Path) -> str:
    """Run pip for the environment in the folder, which has none of its own."""
    pip = ("-m", "pip", "--disable-pip-version-check", "--python", folder / "venv")
    return run(folder, sys.executable, *pip, *arguments)


def build_python(folder: Path) -> None:
    """`venv`, an environment with the wheel and what the wheel asks for."""
    source = folder / "source"
    shutil.copytree(PYTHON, source, ignore=LEFT_OUT)
    wheel = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    run(folder, sys.executable, "-m", "pip", *wheel)
    (built,) = folder.glob("*.whl")
    run(folder, sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    run_pip(folder, "install", "--quiet", built)


def compile_typescript(typescript: Path, *files: str) -> str:
    """Compile files of the consumer strictly, into its folder `compiled`."""
    consumer = typescript / "consumer"
    project = consumer / f"tsconfig.{files[0]}.json"
    project.write_text(json.dumps({"compilerOptions": STRICT, "files": files}))
    tsc = typescript / "package" / "node_modules" / "typescript" / "bin" / "tsc"
    return run(consumer, "node", tsc, "-p", project)
