"""The `akako` command."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import psycopg

from akako import __version__, serving
from akako import main as assembly
from akako import settings as settings_module
from akako.backends import embedded_postgres, job_queue
from akako.backends.dev_directory import DevDirectory
from akako.backends.dev_issuer import DevIssuer
from akako.kernel import logging
from akako.kernel.errors import ApiError
from akako.migrations.run import SchemaTooNew, migrate
from akako.ops import administration, development, reconciliation
from akako.ops.progress import ProgressBar
from akako.settings import Settings, SettingsError
from akako.storage import sweeper
from akako.uploads import service as uploads

SIGN_INS = {
    "admin": development.ADMIN_ID,
    "mentor": development.MENTOR_ID,
    "learner": development.LEARNER_ID,
}
MAX_GRACE_SECONDS = 365 * 24 * 3600
EXPECTED = (
    SettingsError,
    SchemaTooNew,
    embedded_postgres.EmbeddedPostgresError,
    administration.AdministrationError,
    ApiError,
    psycopg.OperationalError,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. What is wrong with the input ends it with one line and status 1 or 2."""
    options = _parser().parse_args(arguments)
    try:
        settings = settings_module.load(data_dir=options.data_dir)
        logging.configure(settings.log_level)
        options.run(settings, options)
    except EXPECTED as error:
        # PostgreSQL's driver adds lines of advice.
        print(f"akako: {str(error).splitlines()[0]}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has left, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _serve(settings: Settings, options: argparse.Namespace) -> None:
    serving.serve(
        settings,
        host=options.host,
        port=options.port,
        demo=options.demo,
        workers=options.workers,
        schema=options.migrate,
    )


def _migrate(settings: Settings, options: argparse.Namespace) -> None:
    with serving.database(settings) as running:
        assert running.database_url
        before, after = migrate(running.database_url)
    print(f"schema {after}: " + ("already current" if before == after else f"was {before}"))


def _seed(settings: Settings, options: argparse.Namespace) -> None:
    _development_only(settings, "akako seed")
    with serving.database(settings) as running:
        assert running.database_url
        migrate(running.database_url)
        asyncio.run(serving.seed(running, demo=True))
    print("the demonstration school is in place")


def _token(settings: Settings, options: argparse.Namespace) -> None:
    _development_only(settings, "akako token")
    clerk_id = options.user or SIGN_INS[options.role]
    if not re.fullmatch(r"user_[A-Za-z0-9_]{1,64}", clerk_id, re.ASCII):
        raise SettingsError(f"--user {clerk_id!r} is no Clerk id such as user_123")
    serving.make_data_dir(settings.data_dir)
    DevDirectory(settings.data_dir).introduce(clerk_id)
    try:
        print(DevIssuer.open(settings.data_dir).mint(clerk_id, options.ttl))
    except ValueError as error:
        raise SettingsError(f"--ttl {options.ttl}: {error}") from None


def _development_only(settings: Settings, command: str) -> None:
    if settings.production or settings.clerk_issuer:
        variable = "AKAKO_ENV" if settings.production else "AKAKO_CLERK_ISSUER"
        raise SettingsError(f"{command} is for development only, but {variable} is set")


def _reconcile(settings: Settings, options: argparse.Namespace) -> None:
    async def run(parts: assembly.Parts) -> None:
        if parts.directory is None:
            raise SettingsError("AKAKO_CLERK_SECRET_KEY must be set to ask Clerk about its users")
        bar = ProgressBar(sys.stderr, "users compared")
        summary = await reconciliation.reconcile(
            parts.db, parts.directory, parts.policy, progress=bar.show
        )
        bar.end()
        for name in summary.__struct_fields__:
            print(f"{name}: {getattr(summary, name)}")

    _with_parts(settings, run)


def _sweep(settings: Settings, options: argparse.Namespace) -> None:
    if options.grace is not None and not 0 <= options.grace <= MAX_GRACE_SECONDS:
        raise SettingsError(f"--grace {options.grace} must be between 0 and {MAX_GRACE_SECONDS}")

    async def run(parts: assembly.Parts) -> None:
        print(f"expired: {await uploads.sweep(parts.db, parts.uploads)}")
        swept = await sweeper.sweep(parts.db, parts.store, grace=options.grace)
        for name in swept.__struct_fields__:
            print(f"{name}: {getattr(swept, name)}")

    _with_parts(settings, run)


def _worker(settings: Settings, options: argparse.Namespace) -> None:
    async def run(parts: assembly.Parts) -> None:
        leave = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, leave.set)
        async with job_queue.working(settings.database_url or "", assembly.jobs(parts)):
            await leave.wait()

    if not settings.database_url:
        raise SettingsError("AKAKO_DATABASE_URL must name the database to work for")
    _with_parts(settings, run)


def _fake_clerk(settings: Settings, options: argparse.Namespace) -> None:
    sources = Path(__file__).resolve().parents[1]
    if not (sources / "tests" / "parts" / "fake_clerk_control.py").exists():
        raise SettingsError("akako dev clerk needs a checkout of the sources")
    command = [sys.executable, "-m", "tests.parts.fake_clerk_control", "--port", str(options.port)]
    if options.webhook_url:
        command += ["--webhook-url", options.webhook_url]
    os.chdir(sources)
    os.execv(command[0], command)  # noqa: S606 - our own interpreter with our own module


def _openapi(settings: Settings, options: argparse.Namespace) -> None:
    sys.stdout.buffer.write(assembly.openapi())


def _grant(settings: Settings, options: argparse.Namespace) -> None:
    async def run(parts: assembly.Parts) -> None:
        person = await administration.grant_admin(
            parts.db,
            parts.directory,
            parts.policy,
            clerk_id=options.clerk_id,
            email=options.email,
        )
        print(f"{person} is an administrator")

    _with_parts(settings, run)


def _plan(settings: Settings, options: argparse.Namespace) -> None:
    async def run(parts: assembly.Parts) -> None:
        subject = options.organization or options.clerk_id or options.email
        await administration.set_plan(
            parts.db,
            options.plan,
            clerk_id=options.clerk_id,
            email=options.email,
            organization=options.organization,
        )
        print(f"{subject} is on plan {options.plan}")

    _with_parts(settings, run)


def _with_parts(
    settings: Settings, run: Callable[[assembly.Parts], Coroutine[None, None, None]]
) -> None:
    """Run a command on the backends; our own database is started and migrated where needed."""

    async def connected(running: Settings) -> None:
        parts = assembly.assemble(running)
        try:
            await run(parts)
        finally:
            await parts.close()

    with serving.database(settings) as running:
        assert running.database_url
        if not settings.database_url:
            migrate(running.database_url)
        asyncio.run(connected(running))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="akako", description="Akako LMS: the learning-management REST API."
    )
    parser.add_argument("--version", action="version", version=f"akako {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder of database, files and keys (AKAKO_DATA_DIR)",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[shared], help=text, description=text)
        command.set_defaults(run=run)
        return command

    _add_serve(add("serve", _serve, "Run the API."))
    add("migrate", _migrate, "Bring the database to the schema of this version.")
    add("seed", _seed, "Put the demonstration school into a development database.")
    token = add("token", _token, "Print a token for a development server.")
    token.add_argument(
        "--as", dest="role", choices=SIGN_INS, default="learner", help="a ready sign-in"
    )
    token.add_argument("--user", metavar="CLERK_ID", help="any other user, such as user_bob")
    token.add_argument(
        "--ttl", type=int, default=3600, metavar="SECONDS", help="how long it is valid"
    )
    add("reconcile", _reconcile, "Compare all accounts with the identity provider now.")
    sweep = add("sweep", _sweep, "Remove files that nothing refers to any more.")
    sweep.add_argument(
        "--grace", type=float, metavar="SECONDS", help="age from which leftovers are removed"
    )
    add("worker", _worker, "Work on background jobs, apart from the API.")
    add("openapi", _openapi, "Print the OpenAPI document.")
    _add_admin(commands, shared)
    _add_dev(commands, shared)
    return parser


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    serve.add_argument("--demo", action="store_true", help="start with a small school inside")
    serve.add_argument(
        "--workers", type=int, default=1, metavar="N", help="number of processes (1)"
    )
    serve.add_argument(
        "--migrate", action="store_true", help="migrate the database of AKAKO_DATABASE_URL first"
    )


def _add_admin(commands: object, shared: argparse.ArgumentParser) -> None:
    text = "Administration that needs no sign-in: the first administrator, plans."
    admin = commands.add_parser("admin", help=text, description=text)  # type: ignore[attr-defined]
    verbs = admin.add_subparsers(title="commands", required=True, metavar="COMMAND")
    grant = verbs.add_parser("grant", parents=[shared], help="make somebody an administrator")
    plan = verbs.add_parser("plan", parents=[shared], help="put a user or organisation on a plan")
    plan.add_argument("plan", choices=["FREE", "PRO", "ENTERPRISE"], type=str.upper)
    grant.set_defaults(run=_grant)
    plan.set_defaults(run=_plan)
    for verb in (grant, plan):
        who = verb.add_mutually_exclusive_group(required=True)
        who.add_argument("--email", help="by e-mail address")
        who.add_argument("--clerk-id", metavar="ID", help="by Clerk id")
        if verb is plan:
            who.add_argument("--organization", metavar="ID", help="by Clerk organisation id")


def _add_dev(commands: object, shared: argparse.ArgumentParser) -> None:
    text = "Helpers for development."
    dev = commands.add_parser("dev", help=text, description=text)  # type: ignore[attr-defined]
    verbs = dev.add_subparsers(title="commands", required=True, metavar="COMMAND")
    about = "Run a fake Clerk to try an integration against."
    clerk = verbs.add_parser("clerk", parents=[shared], help=about, description=about)
    clerk.add_argument("--port", type=int, default=9400, help="port to listen on (9400)")
    clerk.add_argument("--webhook-url", metavar="URL", help="where its events are sent")
    clerk.set_defaults(run=_fake_clerk)


if __name__ == "__main__":
    main()
