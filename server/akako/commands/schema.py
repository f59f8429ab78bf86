"""`akako migrate`."""

from __future__ import annotations

import argparse

from akako import serving
from akako.migrations.run import migrate as upgrade
from akako.settings import Settings


def define_migrate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=migrate)
    parser.epilog = (
        "Servers of the previous release can serve during and after the migration. A second "
        "akako migrate waits for the first; an interrupted one is completed by the next. A schema "
        "that is newer than this version is refused. Make a backup first: there is no downgrade."
    )


def migrate(settings: Settings, options: argparse.Namespace) -> None:
    with serving.database(settings) as running:
        assert running.database_url
        before, after = upgrade(running.database_url)
    print(f"schema {after}: " + ("already current" if before == after else f"was {before}"))
