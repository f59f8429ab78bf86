"""`akako backup` and `akako restore`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from akako import assembly, serving
from akako.backup import restoring, saving
from akako.backup.archive import ArchiveError, End, Manifest
from akako.backup.progress import Progress, readable
from akako.kernel.core.ids import new_id
from akako.settings import Settings

Told = tuple[Manifest, End]


def define_backup(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=backup)
    parser.description = (
        "Copy the whole school into one archive, as of one moment, while it is at work: all rows "
        "of the database and all files that they need. The archive is an ordinary tar file with "
        "personal data in it; keep it as safe as the school itself."
    )
    parser.add_argument("file", metavar="FILE", help="the archive to make; - is standard output")


def define_restore(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=restore)
    parser.description = (
        "Make a school out of an archive, in the database and the store that the settings name. "
        "An archive of an older version is brought up to date. Unless all of it succeeds, "
        "everything stays as it was."
    )
    parser.add_argument("file", metavar="FILE", help="the archive; - is standard input")
    parser.add_argument(
        "--replace", action="store_true", help="throw away the school that is there now"
    )
    parser.add_argument(
        "--check", action="store_true", help="only read the archive and tell if it is whole"
    )


def backup(settings: Settings, options: argparse.Namespace) -> None:
    progress = Progress()
    with _target(options.file) as (out, report), serving.database(settings) as running:
        url, store = running.database_url or "", assembly.object_store(running)
        manifest, end = _run(lambda: saving.save(out, url, store, progress), progress)
    _report(manifest, end, report)
    lost = [*end.missing, *end.damaged]
    if lost:
        raise ArchiveError(
            f"the backup is complete but for {len(lost)} files that the store had lost or damaged "
            f"before: {', '.join(lost[:3])}{' …' if len(lost) > 3 else ''}"
        )


def restore(settings: Settings, options: argparse.Namespace) -> None:
    progress = Progress()
    with _source(options.file) as source:
        if options.check:
            _report(*_run(lambda: restoring.check(source, progress), progress))
            return
        with serving.database(settings) as running:
            url, store = running.database_url or "", assembly.object_store(running)
            told = _run(
                lambda: restoring.restore(source, url, store, progress, replace=options.replace),
                progress,
            )
    _report(*told)


def _run(work: Callable[[], Coroutine[Any, Any, Told]], progress: Progress) -> Told:
    """Do the work; SIGTERM ends it as Ctrl-C does, with everything tidied up."""

    async def stoppable() -> Told:
        task = asyncio.current_task()
        assert task
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    try:
        return asyncio.run(stoppable())
    finally:
        progress.end()


@contextmanager
def _target(name: str) -> Iterator[tuple[BinaryIO, Any]]:
    """Where the archive goes and where its summary may; a file gets its name once it is whole."""
    if name == "-":
        if sys.stdout.isatty():
            raise ArchiveError("FILE - writes the archive to a terminal: name a file, or pipe it")
        with open(os.dup(sys.stdout.fileno()), "wb", buffering=0) as pipe:
            yield pipe, sys.stderr
        return
    path = Path(name)
    if path.exists():
        raise ArchiveError(f"{path} exists already")
    making = path.with_name(f".{path.name}.{new_id()}")
    try:
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield out, sys.stdout
            out.flush()
            os.fsync(out.fileno())
        os.link(making, path)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        making.unlink(missing_ok=True)


@contextmanager
def _source(name: str) -> Iterator[Any]:
    if name == "-":
        # Without Python's buffer: whoever waits in it could not be left behind.
        with open(os.dup(sys.stdin.fileno()), "rb", buffering=0) as pipe:
            yield pipe
        return
    try:
        source = Path(name).open("rb")  # noqa: SIM115 - closed below, outside of this try
    except OSError as error:
        raise ArchiveError(f"{name} cannot be read: {error.strerror}") from None
    with source:
        yield source


def _report(manifest: Manifest, end: End, stream: Any = None) -> None:
    lines = {
        "version": manifest.version,
        "schema": manifest.schema,
        "created": manifest.created_at,
        "tables": len(end.rows),
        "rows": sum(end.rows.values()),
        "files": f"{end.files} ({readable(end.bytes)})",
        "missing": len(end.missing),
        "damaged": len(end.damaged),
    }
    for name, value in lines.items():
        print(f"{name}: {value}", file=stream or sys.stdout)
