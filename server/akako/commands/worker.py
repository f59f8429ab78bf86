"""`akako worker`: background jobs and deliveries of webhooks outside of the API servers."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from akako import assembly, main, schedule
from akako.backends import secret_key
from akako.backends.database import job_queue, public_changes
from akako.commands.backends import with_backends
from akako.settings import Settings, SettingsError

log = structlog.get_logger(__name__)


def define_worker(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=worker, serving=True)


def worker(settings: Settings, options: argparse.Namespace) -> None:
    async def run(backends: assembly.Backends) -> None:
        leave = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, leave.set)
        url = settings.database_url or ""
        async with (
            _delivering(url, backends, settings),
            job_queue.working(url, schedule.jobs(backends, settings)),
        ):
            await leave.wait()

    if not settings.database_url:
        raise SettingsError("AKAKO_DATABASE_URL must name the database whose jobs are run")
    with_backends(settings, run)


@asynccontextmanager
async def _delivering(
    url: str, backends: assembly.Backends, settings: Settings
) -> AsyncIterator[None]:
    """Deliver outgoing webhooks, unless this process lacks the key of their secrets.

    With a key of its own it could decrypt no secret, and each of its attempts would fail.
    """
    if not secret_key.available(settings.secret_key, settings.data_dir):
        log.warning("webhooks_not_delivered", missing="AKAKO_SECRET_KEY")
        yield
        return
    webhooks = main.dispatcher(backends, main.integrations_of(settings))
    listening = public_changes.listen(url, {public_changes.EVENTS: webhooks})
    tasks = [asyncio.create_task(each) for each in (listening, webhooks.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
