"""The peers: what each one is, how to install it, and how to start it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).with_name("peers")
PYTHON = {"handwritten": "handwritten", "static": "static", "fastapi": "fastapi_orm"}
NODE = {
    "fastify": ["node", "server.mjs"],
    "nextjs": ["node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1"],
}
NAMES = (*PYTHON, *NODE)
ABOUT = {
    "akako": "this server, one worker",
    "handwritten": "plain ASGI on asyncpg, no token cache: Python's limit",
    "static": "plain ASGI that sends ready bytes: the floor",
    "nginx": "nginx that sends ready bytes from a file: the floor",
    "fastapi": "FastAPI, pydantic and SQLAlchemy's ORM",
    "fastify": "Fastify with schemas, pg and fast-jwt",
    "nextjs": "Next.js 14 route handlers, Prisma 7 with the pg adapter, jose",
}
# Prisma's client needs no engine; naming any program keeps `generate` from downloading one.
QUIET = {
    "PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true",
    "NEXT_TELEMETRY_DISABLED": "1",
    "CHECKPOINT_DISABLE": "1",
}


def command(name: str, port: int) -> tuple[list[str], Path]:
    """Return the command and the folder of a peer."""
    if name in NODE:
        more = ["-p", str(port)] if name == "nextjs" else []
        return [*NODE[name], *more], PEERS / name
    # The same server, event loop and parser as ours.
    options = ["--loop", "uvloop", "--http", "h11", "--lifespan", "off", "--no-access-log"]
    options += ["--log-level", "error", "--no-server-header", "--port", str(port)]
    module = f"bench.peers.{PYTHON[name]}:app"
    return [sys.executable, "-m", "uvicorn", module, *options], PEERS.parents[1]


def install(name: str) -> None:
    """Install and build a Node peer, unless the installed one has the same fingerprint."""
    if name not in NODE:
        return
    folder = PEERS / name
    stamp, wanted = folder / "node_modules" / ".made-from", _fingerprint(folder)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing {name}", file=sys.stderr, flush=True)
    _run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    if (folder / "prisma").exists():
        _run(folder, "npm", "run", "build")
    stamp.write_text(wanted)


def _fingerprint(folder: Path) -> str:
    """Return a hash of all committed files, without installed and built ones."""
    made = {"node_modules", ".next", "generated"}
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not made.intersection(path.relative_to(folder).parts):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _run(folder: Path, *line: str) -> None:
    done = subprocess.run(
        line, cwd=folder, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)} in {folder.name}:\n{done.stdout}{done.stderr}")
