"""`make classroom`: whether a class behind one address can begin its lesson, and what it takes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from akako.migrations.run import migrate
from tests.classroom.lesson import DEFAULTS, SHARED, Lesson, advice, play, prepare
from tests.classroom.pages import P95_SECONDS, play_pages
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.server import Server

SECONDS = 5.0
ARRIVING_SECONDS = 20.0  # of a class that signs in to the web app
MOST_SECONDS = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make classroom", description=__doc__)
    parser.add_argument("--learners", type=int, default=40)
    learners = parser.parse_args().learners
    with ExitStack() as stack:
        folder = stack.enter_context(passable_folder())
        database = start_postgres(folder)
        stack.callback(database.stop)
        migrate(url := create_database(database.url, "classroom"))

        def server(environment: Mapping[str, str]) -> Server:
            started = Server(folder, url, environment=environment)
            stack.callback(started.close)
            return started.start()

        school = server(SHARED)
        topic, names = prepare(school, learners)
        asyncio.run(play(school, topic, names[:1]))  # the first request opens what others find open
        lesson = asyncio.run(play(school, topic, names))
        school.stop()
        title = f"{learners} learners behind one address, named in AKAKO_SHARED_NETWORKS"
        show(title, lesson)
        unnamed = server(DEFAULTS)
        pages = asyncio.run(play_pages(unnamed, topic, names, arriving=ARRIVING_SECONDS))
        show(f"{learners} learners in the web app, with the default settings", pages, MOST_SECONDS)
        plain = asyncio.run(play(unnamed, topic, names))
        show("Programs that use the API, with the default settings", plain)
    for line in advice(plain):
        sys.stdout.write(line + "\n")
    late = pages.percentile(0.95) > P95_SECONDS or pages.seconds > MOST_SECONDS
    bad = bool(lesson.refusals or lesson.errors or pages.refusals or pages.errors or late)
    sys.stdout.write("\nThe class could not begin.\n" if bad else "\nThe class can begin.\n")
    return int(bad)


def show(title: str, lesson: Lesson, most: float = SECONDS) -> None:
    late = "" if lesson.seconds <= most else f", more than {most:g}"
    lines = [
        title,
        f"  {len(lesson.answers)} requests in {lesson.seconds:.1f} s{late}; "
        f"{len(lesson.refusals)} refused, {len(lesson.errors)} errors",
        f"  latency: median {lesson.percentile(0.5) * 1000:.0f} ms, "
        f"p95 {lesson.percentile(0.95) * 1000:.0f} ms, "
        f"p99 {lesson.percentile(0.99) * 1000:.0f} ms",
    ]
    for step, statuses in lesson.steps().items():
        found = ", ".join(f"{number} x {status or 'none'}" for status, number in statuses.items())
        lines.append(f"    {step:8} {found}")
    sys.stdout.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    sys.exit(main())
