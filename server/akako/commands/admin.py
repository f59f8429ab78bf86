"""`akako admin list`, `grant`, `revoke`, `plan` and `status`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from akako import __version__, assembly
from akako.commands.backends import with_backends
from akako.ops import administration, backup_record
from akako.settings import Settings


def define_admin(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, text: str, run: object) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text)
        verb.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
        verb.set_defaults(run=run)
        return verb

    add("list", "List the administrators.", list_admins)
    _add_subject(add("grant", "Give a user the role ADMIN.", grant))
    _add_subject(add("revoke", "End the role ADMIN of a user.", revoke))
    plan_parser = add("plan", "Set the plan of a user or an organization.", plan)
    plan_parser.add_argument("plan", choices=["FREE", "PRO", "ENTERPRISE"], type=str.upper)
    _add_subject(plan_parser).add_argument(
        "--organization", metavar="ID", help="by Clerk organization id"
    )
    add("status", "Print version, users, failed jobs and the latest backup.", status)


def _add_subject(verb: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    subject = verb.add_mutually_exclusive_group(required=True)
    subject.add_argument("--email", help="by e-mail address")
    subject.add_argument("--clerk-id", metavar="ID", help="by Clerk id")
    return subject


def list_admins(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        for row in await administration.list_admins(backends.db):
            words = [row["clerk_id"], row["email"] or "-", f"from {row['effective_start']:%F}"]
            if row["effective_end"]:
                words.append(f"until {row['effective_end']:%F}")
            if row["status"] != "ACTIVE":
                words.append(row["status"])
            print("  ".join(words))

    with_backends(settings, run)


def grant(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        clerk_id = await administration.grant_admin(
            backends.db,
            backends.directory,
            backends.policy,
            clerk_id=options.clerk_id,
            email=options.email,
        )
        print(f"{clerk_id} is an administrator")

    with_backends(settings, run)


def revoke(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        clerk_id = await administration.revoke_admin(
            backends.db, clerk_id=options.clerk_id, email=options.email
        )
        print(f"{clerk_id} is no longer an administrator")

    with_backends(settings, run)


def plan(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        subject = await administration.set_plan(
            backends.db,
            options.plan,
            clerk_id=options.clerk_id,
            email=options.email,
            organization=options.organization,
        )
        print(f"{subject} is on plan {options.plan}")

    with_backends(settings, run)


def status(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        print(f"version: {__version__}")
        print(f"database: {'external' if settings.database_url else 'private'}")
        print(f"files: {'S3' if settings.storage_url else 'folder'}")
        for name, number in (await administration.status(backends.db)).items():
            print(f"{name.replace('_', ' ')}: {number}")
        at = backup_record.latest(settings.data_dir)
        made = datetime.fromtimestamp(at, UTC).isoformat() if at else "none recorded"
        print(f"latest backup: {made}")

    with_backends(settings, run)
