"""`akako doctor`: check everything that a server needs, and print what to do."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from akako import settings as settings_module
from akako.commands import checks
from akako.commands.checks import Result
from akako.kernel.core.text import printable
from akako.settings import Settings, SettingsError

CHECK_SECONDS = 12.0

Check = Callable[[Settings], Awaitable[Result]]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", checks.check_database),
    ("schema", checks.check_schema),
    ("valkey", checks.check_valkey),
    ("files", checks.check_files),
    ("clerk keys", checks.check_clerk_keys),
    ("clerk secret", checks.check_clerk_secret),
    ("disk", checks.check_disk),
    ("permissions", checks.check_permissions),
    ("clock", checks.check_clock),
    ("backup", checks.check_backup),
)


def define_doctor(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=doctor, report=report_settings)
    parser.epilog = (
        "Each line is ok, warn or fail, the name of the check, and what to do. The exit status is "
        "1 if a check fails. Run it with the environment and the user of the service."
    )


def report_settings(problem: str) -> None:
    """Print the line of unusable settings; without settings nothing else can be checked."""
    _show("settings", Result("fail", problem))


def doctor(settings: Settings, options: argparse.Namespace) -> None:
    results = [_settings(settings), *asyncio.run(_run(settings))]
    for name, result in zip(("settings", *(name for name, _ in CHECKS)), results, strict=True):
        _show(name, result)
    if any(result.state == "fail" for result in results):
        sys.exit(1)


def _settings(settings: Settings) -> Result:
    try:
        settings_module.load(data_dir=settings.data_dir)
    except SettingsError as error:
        return Result("fail", str(error))
    if names := settings_module.unknown():
        guesses = [
            f"{name} (did you mean {near}?)" if near else name for name, near in names.items()
        ]
        return Result("warn", f"unknown variables, remove them: {', '.join(guesses)}")
    if not settings.production:
        return Result("warn", "AKAKO_ENV is development: set it to production for a school")
    return Result("ok", "complete for production")


async def _run(settings: Settings) -> list[Result]:
    return await asyncio.gather(*(_bounded(check, settings) for _, check in CHECKS))


async def _bounded(check: Check, settings: Settings) -> Result:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check(settings)
    except TimeoutError:
        return Result("fail", f"no result within {CHECK_SECONDS:.0f} seconds: see if it responds")
    except Exception as error:  # one broken check must not hide the others
        lines = str(error).splitlines() or [""]
        return Result("fail", f"{type(error).__name__}: {lines[0]}")


def _show(name: str, result: Result) -> None:
    text = printable(settings_module.redacted(result.text))
    print(f"{result.state:4} {name}: {text}", flush=True)
