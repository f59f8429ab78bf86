"""`akako sweep`, `akako reconcile` and `akako openapi`."""

from __future__ import annotations

import argparse
import sys

from akako import assembly, rooms
from akako.commands.backends import with_backends
from akako.ops import reconciliation
from akako.ops.progress import ProgressBar
from akako.settings import Settings, SettingsError
from akako.storage import sweeper
from akako.uploads import service as uploads

MAX_GRACE_SECONDS = 365 * 24 * 3600


def define_sweep(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=sweep)
    parser.add_argument(
        "--grace", type=float, metavar="SECONDS", help="minimum age of the files to remove"
    )


def sweep(settings: Settings, options: argparse.Namespace) -> None:
    if options.grace is not None and not 0 <= options.grace <= MAX_GRACE_SECONDS:
        raise SettingsError(f"--grace {options.grace} must be between 0 and {MAX_GRACE_SECONDS}")

    async def run(backends: assembly.Backends) -> None:
        print(f"expired: {await uploads.sweep(backends.db, backends.uploads)}")
        swept = await sweeper.sweep(backends.db, backends.store, grace=options.grace)
        for name in swept.__struct_fields__:
            print(f"{name}: {getattr(swept, name)}")

    with_backends(settings, run)


def define_reconcile(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=reconcile)
    parser.add_argument(
        "--delete-any-number",
        action="store_true",
        help="delete the users that the identity provider no longer has, however many they are",
    )


def reconcile(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        if backends.directory is None:
            raise SettingsError("AKAKO_CLERK_SECRET_KEY must be set to read the users of Clerk")
        bar = ProgressBar(sys.stderr, "users compared")
        try:
            summary = await reconciliation.reconcile(
                backends.db,
                backends.directory,
                backends.policy,
                bar.show,
                delete_any_number=options.delete_any_number,
            )
        except reconciliation.TooManyMissing as error:
            raise SettingsError(
                f"{error}, so none was deleted. Is AKAKO_CLERK_SECRET_KEY that of another "
                "instance? If the users are to be deleted, add --delete-any-number"
            ) from None
        finally:
            bar.end()
        for name in summary.__struct_fields__:
            print(f"{name}: {getattr(summary, name)}")

    with_backends(settings, run)


def define_openapi(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=openapi)


def openapi(settings: Settings, options: argparse.Namespace) -> None:
    sys.stdout.buffer.write(rooms.openapi())
