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
from akako.commands.backends import require_school
from akako.kernel.core.ids import new_id
from akako.ops import backup_record
from akako.settings import Settings

Summary = tuple[Manifest, End]


def define_backup(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=backup)
    parser.description = (
        "Copy the whole school into one archive while it is in use, as of one point in time: all "
        "rows of the database and all files that they need. The archive is a tar file that "
        "contains personal data; protect it like the school itself."
    )
    parser.add_argument("file", metavar="FILE", help="the archive to create; - is standard output")


def define_restore(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=restore)
    parser.description = (
        "Restore a school from an archive, in the database and the store that the settings name. "
        "An archive of an older version is migrated. If any step fails, nothing changes."
    )
    parser.add_argument("file", metavar="FILE", help="the archive; - is standard input")
    parser.add_argument(
        "--replace", action="store_true", help="delete the school that is there now"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only read the archive and report whether it is complete",
    )


def backup(settings: Settings, options: argparse.Namespace) -> None:
    require_school(settings)
    progress = Progress()
    with _target(options.file) as (out, report), serving.database(settings) as running:
        url, store = running.database_url or "", assembly.object_store(running)
        manifest, end = _run(lambda: saving.save(out, url, store, progress), progress)
    _report(manifest, end, report)
    lost = [*end.missing, *end.damaged]
    if lost:
        raise ArchiveError(
            f"the archive lacks {len(lost)} files that the store had lost or damaged before: "
            f"{', '.join(lost[:3])}{' …' if len(lost) > 3 else ''}"
        )
    backup_record.record(settings.data_dir)


def restore(settings: Settings, options: argparse.Namespace) -> None:
    progress = Progress()
    with _source(options.file) as source:
        if options.check:
            _report(*_run(lambda: restoring.check(source, progress), progress))
            return
        with serving.database(settings) as running:
            url, store = running.database_url or "", assembly.object_store(running)
            summary = _run(
                lambda: restoring.restore(source, url, store, progress, replace=options.replace),
                progress,
            )
    _report(*summary)


def _run(work: Callable[[], Coroutine[Any, Any, Summary]], progress: Progress) -> Summary:
    """Run the coroutine; SIGTERM cancels it, as Ctrl-C does, so that it cleans up."""

    async def stoppable() -> Summary:
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
    """Yield the stream for the archive and the one for its summary.

    A file gets its name once it is complete.
    """
    if name == "-":
        if sys.stdout.isatty():
            raise ArchiveError(
                "FILE - writes the archive to a terminal: name a file, or use a pipe"
            )
        with open(os.dup(sys.stdout.fileno()), "wb", buffering=0) as pipe:
            yield pipe, sys.stderr
        return
    path = Path(name)
    if path.exists():
        raise ArchiveError(f"{path} exists already")
    partial = path.with_name(f".{path.name}.{new_id()}")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield out, sys.stdout
            out.flush()
            os.fsync(out.fileno())
        os.link(partial, path)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _source(name: str) -> Iterator[Any]:
    if name == "-":
        # Unbuffered: a read that waits in Python's buffer could not be interrupted.
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
