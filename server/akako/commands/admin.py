"""`akako admin grant` and `akako admin plan`."""

from __future__ import annotations

import argparse
from pathlib import Path

from akako import assembly
from akako.commands.backends import with_parts
from akako.ops import administration
from akako.settings import Settings


def define_admin(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    grant_parser = verbs.add_parser("grant", help="make a user an administrator")
    plan_parser = verbs.add_parser("plan", help="put a user or organisation on a plan")
    plan_parser.add_argument("plan", choices=["FREE", "PRO", "ENTERPRISE"], type=str.upper)
    grant_parser.set_defaults(run=grant)
    plan_parser.set_defaults(run=plan)
    for verb in (grant_parser, plan_parser):
        verb.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
        who = verb.add_mutually_exclusive_group(required=True)
        who.add_argument("--email", help="by verified e-mail address")
        who.add_argument("--clerk-id", metavar="ID", help="by Clerk id")
        if verb is plan_parser:
            who.add_argument("--organization", metavar="ID", help="by Clerk organisation id")


def grant(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        person = await administration.grant_admin(
            backends.db,
            backends.directory,
            backends.policy,
            clerk_id=options.clerk_id,
            email=options.email,
        )
        print(f"{person} is an administrator")

    with_parts(settings, run)


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

    with_parts(settings, run)
