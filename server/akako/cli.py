"""The `akako` command: the list of commands, and how errors are reported.

The module of a command is imported only when that command runs, which keeps each start fast. This
matters most to `serve`, whose workers import this module too.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import structlog

from akako import __version__, settings
from akako.kernel.core.text import printable
from akako.kernel.files import modes
from akako.kernel.telemetry import logging

log = structlog.get_logger(__name__)

# Name, module in `akako.commands`, and description. The module's `define_<name>` adds arguments to
# the command's parser and sets its defaults: `run`, a function of the settings and the options;
# `serving`, whether requests are served; `report`, which shows unusable settings in another way.
COMMANDS = (
    ("serve", "running", "Run the web app and the API."),
    ("worker", "worker", "Run background jobs and deliver webhooks outside of the API servers."),
    ("migrate", "schema", "Migrate the database to the schema of this version."),
    ("backup", "copies", "Copy the whole school, database and files, into one archive."),
    ("restore", "copies", "Restore a school from such an archive."),
    ("sweep", "upkeep", "Remove files that no row refers to."),
    ("reconcile", "upkeep", "Compare all accounts with the identity provider now."),
    ("admin", "admin", "Administrators and plans, without signing in."),
    ("doctor", "doctor", "Check settings, services and disk; print what to do."),
    ("analytics", "figures", "Rebuild the figures of analytics."),
    ("openapi", "upkeep", "Print the OpenAPI document."),
    ("seed", "development", "Add the demonstration school to a development database."),
    ("token", "development", "Print a token for a development server."),
    ("dev", "development", "Fake services for development."),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Wrong input ends it with one line on standard error and status 1 or 2."""
    previous = os.umask(modes.UMASK)
    try:
        _run(arguments)
    finally:
        os.umask(previous)  # for callers that continue, such as tests


def _run(arguments: Sequence[str] | None) -> None:
    try:
        options = _parser().parse_args(arguments)
        loaded = _load(options)
        logging.configure(loaded.log_level)
        for name, nearest in settings.unknown().items():
            log.warning("unknown_setting", setting=name, nearest=nearest)
        if os.geteuid() == 0:
            from akako.commands.privileges import become_owner

            become_owner(loaded.data_dir)
        options.run(loaded, options)
    except BrokenPipeError:
        # The reader of the output has closed it, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (KeyboardInterrupt, asyncio.CancelledError):
        _fail("interrupted", status=130)
    except settings.SettingsError as error:
        _fail(str(error))
    except PermissionError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror}: run as the user of the service")
    except Exception as error:
        from akako.commands.failures import EXPECTED

        if not isinstance(error, EXPECTED):
            # A bug. Messages of libraries can quote settings.
            print(
                settings.redacted("".join(traceback.format_exception(error)).rstrip()),
                file=sys.stderr,
            )
            sys.exit(1)
        # PostgreSQL's driver adds lines with hints.
        _fail(next(iter(str(error).splitlines()), type(error).__name__))


def _load(options: argparse.Namespace) -> settings.Settings:
    """Return the settings. A command can report unusable settings in its own way."""
    serving = getattr(options, "serving", False)
    try:
        return settings.load(serving=serving, data_dir=options.data_dir)
    except settings.SettingsError as error:
        if report := getattr(options, "report", None):
            report(settings.redacted(str(error)))
            sys.exit(1)
        raise


def _fail(reason: str, status: int = 1) -> NoReturn:
    # Text from an archive or a database could contain control sequences of the terminal.
    print(f"akako: {printable(settings.redacted(reason))}", file=sys.stderr)
    sys.exit(status)


class _Parser(argparse.ArgumentParser):
    """The parser of a command; it imports the command's module when it is used."""

    source: tuple[str, str] | None = None  # the module and the command's name

    def parse_known_args(self, *arguments: Any) -> Any:  # type: ignore[override]
        if self.source:
            module, name = self.source
            self.source = None
            definitions = importlib.import_module(f"akako.commands.{module}")
            getattr(definitions, f"define_{name}")(self)
        return super().parse_known_args(*arguments)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"akako: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="akako",
        description="Akako LMS: a learning-management system with a web app and a REST API.",
        epilog="Use akako COMMAND --help for the options of a command. All settings are AKAKO_… "
        "environment variables.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"akako {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module, text in COMMANDS:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.source = (module, name)
        command.add_argument(
            "--data-dir",
            type=Path,
            metavar="DIR",
            help="folder of database, files and keys (AKAKO_DATA_DIR)",
        )
    return parser


if __name__ == "__main__":
    main()
