"""`akako analytics rebuild`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from akako import assembly
from akako.analytics import rollup
from akako.analytics.schemas import parse_day
from akako.commands.backends import with_database
from akako.kernel.core.text import TextError
from akako.settings import Settings, SettingsError


def define_analytics(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    about = "Compute the daily figures again from the stored data, beside the traffic."
    verb = verbs.add_parser("rebuild", help=about, description=about)
    verb.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    verb.add_argument("--from", dest="first", metavar="DAY", help="the first day, as 2026-01-31")
    verb.set_defaults(run=rebuild)


def rebuild(settings: Settings, options: argparse.Namespace) -> None:
    first = _day(options.first)

    async def run(running: Settings) -> None:
        async with assembly.patient_database(running) as db:
            days = await rollup.rebuild(db, running.time_zone, first=first)
        print(f"days: {days}")

    with_database(settings, run)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else parse_day(text)
    except TextError:
        raise SettingsError(f"--from {text!r} must be a date such as 2026-01-31") from None
