"""A process that has imported the program, and runs `akako` in a fork of itself for each request.

`tests.parts.launcher` starts it and sends the requests.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import sys

import procrastinate.worker
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
from procrastinate.periodic import PeriodicDeferrer

from akako import cli
from akako.commands import privileges, running

# What `akako serve` imports, now or later in its start.
IMPORTED = (cli, privileges, running, procrastinate.worker, uvicorn.lifespan.on, uvicorn.loops)
LARGEST = 256 * 1024  # bytes of a request
OUTPUT = (1, 2)


async def never_due(self: PeriodicDeferrer) -> None:
    """Start no periodic job: what a test sees may not depend on the hour of the gate."""
    await asyncio.Event().wait()


PeriodicDeferrer.worker = never_due  # type: ignore[method-assign]


def take_requests(requests: socket.socket) -> list[str] | None:
    """Fork for each request, and write how each child ends, until the requests end.

    A request is a JSON object of `arguments`, `environment`, `folder` and `umask`, with two file
    descriptors: one for the child's output, and one to which "<pid>\n<exit status>\n" is written.

    Returns:
        In a child the arguments of the command to run, and None at the end of the requests.
    """
    bell, rung = os.pipe()
    os.set_blocking(rung, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(rung)
    children: dict[int, int] = {}
    sources: list[socket.socket | int] = [requests, bell]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if bell in ready:
            os.read(bell, 4096)
            _report(children)
        if requests in ready:
            message, descriptors, _, _ = socket.recv_fds(requests, LARGEST, 2)
            if not message:
                return None
            output, status = descriptors
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (bell, rung, *children.values()):
                    os.close(each)
                requests.close()
                return _become(json.loads(message), output, status)
            os.close(output)
            children[pid] = status


def _report(children: dict[int, int]) -> None:
    """Write the exit statuses of the children that have ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report = children.pop(pid)
        os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(report)


def _become(request: dict[str, object], output: int, status: int) -> list[str]:
    """Give the child its session, output, folder, umask, environment and arguments."""
    os.setsid()
    for each in OUTPUT:
        os.dup2(output, each)
    os.close(output)
    os.chdir(str(request["folder"]))
    os.umask(int(str(request["umask"])))
    environment, arguments = request["environment"], request["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    os.write(status, b"%d\n" % os.getpid())
    os.close(status)
    sys.argv = [str(cli.__file__), *arguments]
    return arguments


if __name__ == "__main__":
    arguments = take_requests(socket.socket(fileno=int(sys.argv[1])))
    if arguments is not None:
        cli.main(arguments)
