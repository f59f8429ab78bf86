"""The `akako` command: which commands there are, and how one that fails ends.

A command's module is imported only when that command is asked for, so that each start loads what
it uses and nothing else. This matters most to `serve`, whose workers import this module too.
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

from akako import __version__, settings
from akako.kernel.files import modes
from akako.kernel.telemetry import logging

# Name, module in `akako.commands`, and what the list says of it. The module's `define_<name>`
# adds arguments to the command's parser and sets its default `run`: a function of the settings and
# the options.
COMMANDS = (
    ("serve", "running", "Run the API."),
    ("worker", "running", "Work on background jobs, apart from the API."),
    ("migrate", "schema", "Bring the database to the schema of this version."),
    ("backup", "copies", "Copy the whole school, database and files, into one archive."),
    ("restore", "copies", "Make a school out of such an archive."),
    ("sweep", "upkeep", "Remove files that nothing refers to any more."),
    ("reconcile", "upkeep", "Compare all accounts with the identity provider now."),
    ("admin", "admin", "Administration that needs no sign-in: the first administrator, plans."),
    ("openapi", "upkeep", "Print the OpenAPI document."),
    ("seed", "development", "Put the demonstration school into a development database."),
    ("token", "development", "Print a token for a development server."),
    ("dev", "development", "Servers that stand in for others while developing."),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. What is wrong with the input ends it with one line and status 1 or 2."""
    previous = os.umask(modes.UMASK)
    try:
        _run(arguments)
    finally:
        os.umask(previous)  # for callers that go on, as tests do


def _run(arguments: Sequence[str] | None) -> None:
    try:
        options = _parser().parse_args(arguments)
        loaded = settings.load(data_dir=options.data_dir)
        logging.configure(loaded.log_level)
        options.run(loaded, options)
    except BrokenPipeError:
        # Whoever read our output has left, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (KeyboardInterrupt, asyncio.CancelledError):
        _fail("interrupted", status=130)
    except Exception as error:
        from akako.commands.failures import EXPECTED

        if not isinstance(error, EXPECTED):
            # A fault of the program. Libraries quote settings in their messages.
            print(redacted("".join(traceback.format_exception(error)).rstrip()), file=sys.stderr)
            sys.exit(1)
        # PostgreSQL's driver adds lines of advice.
        _fail(str(error).splitlines()[0])


def _fail(reason: str, status: int = 1) -> NoReturn:
    reason = redacted(reason)
    # Text from elsewhere, such as an archive or a database, must not control the terminal.
    shown = "".join(each if each.isprintable() else "?" for each in reason)
    print(f"akako: {shown}", file=sys.stderr)
    sys.exit(status)


def redacted(text: str) -> str:
    """Replace the passwords and keys of the settings."""
    for secret in settings.secrets():
        text = text.replace(secret, "[redacted]")
    return text


class _Parser(argparse.ArgumentParser):
    """A command's parser, which gets its arguments from the command's module when it is used."""

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
        description="Akako LMS: the learning-management REST API.",
        epilog="akako COMMAND --help tells more. All settings are AKAKO_… environment variables.",
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
