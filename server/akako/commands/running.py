"""`akako serve`."""

from __future__ import annotations

import argparse

from akako import serving
from akako.commands.backends import require_development
from akako.settings import Settings


def define_serve(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=serve, serving=True)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    parser.add_argument("--demo", action="store_true", help="start with a demonstration school")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="number of processes (1)"
    )
    parser.add_argument(
        "--migrate", action="store_true", help="migrate the database of AKAKO_DATABASE_URL first"
    )


def serve(settings: Settings, options: argparse.Namespace) -> None:
    if options.demo:
        require_development(settings, "akako serve --demo")
    serving.serve(
        settings,
        host=options.host,
        port=options.port,
        demo=options.demo,
        workers=options.workers,
        schema=options.migrate,
    )
