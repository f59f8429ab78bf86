"""`akako seed`, `akako token` and `akako dev`: for development only."""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from akako import serving
from akako.backends.dev_directory import DevDirectory
from akako.backends.tokens.dev_issuer import DevIssuer
from akako.commands.backends import refuse_in_production, require_development
from akako.dev import fake_clerk_control
from akako.migrations.run import migrate
from akako.ops import development
from akako.settings import Settings, SettingsError

SIGN_INS = {
    "admin": development.ADMIN_ID,
    "mentor": development.MENTOR_ID,
    "learner": development.LEARNER_ID,
}


def define_seed(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=seed)


def seed(settings: Settings, options: argparse.Namespace) -> None:
    require_development(settings, "akako seed")
    with serving.database(settings) as running:
        assert running.database_url
        migrate(running.database_url)
        asyncio.run(serving.seed(running, demo=True))
    print("the demonstration school is in the database")


def define_token(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=token)
    parser.add_argument(
        "--as", dest="role", choices=SIGN_INS, default="learner", help="a prepared account"
    )
    parser.add_argument("--user", metavar="CLERK_ID", help="another user, such as user_bob")
    parser.add_argument(
        "--ttl", type=int, default=3600, metavar="SECONDS", help="lifetime of the token"
    )


def token(settings: Settings, options: argparse.Namespace) -> None:
    require_development(settings, "akako token")
    clerk_id = options.user or SIGN_INS[options.role]
    if not re.fullmatch(r"user_[A-Za-z0-9_]{1,64}", clerk_id, re.ASCII):
        raise SettingsError(f"--user {clerk_id!r} is not a Clerk id such as user_123")
    if not settings.data_dir.is_dir():  # a new key there would sign tokens that no server accepts
        raise SettingsError(
            f"AKAKO_DATA_DIR {settings.data_dir} does not exist: name the data folder of the "
            "development server, or create it there with akako serve"
        )
    serving.make_data_dir(settings)
    DevDirectory(settings.data_dir).add(clerk_id)
    try:
        print(DevIssuer.open(settings.data_dir).mint(clerk_id, options.ttl))
    except ValueError as error:
        raise SettingsError(f"--ttl {options.ttl}: {error}") from None


def define_dev(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    about = "Run a fake Clerk to develop an integration with."
    clerk = verbs.add_parser("clerk", help=about, description=about)
    clerk.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    clerk.add_argument("--port", type=int, default=9400, help="port to listen on (9400)")
    clerk.add_argument("--webhook-url", metavar="URL", help="where to send its events")
    clerk.set_defaults(run=fake_clerk)


def fake_clerk(settings: Settings, options: argparse.Namespace) -> None:
    refuse_in_production(settings, "akako dev clerk")
    fake_clerk_control.run(options.port, options.webhook_url)
