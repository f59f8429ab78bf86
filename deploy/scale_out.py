"""Akako LMS scaled out on one machine, without Docker: `make scale-out`.

Two API servers behind nginx, one PostgreSQL, one Valkey and one SeaweedFS, all from the wheels that
the tests use. It is the shape of a larger installation, to be tried and broken: the sign-ins are
those of development, and everything is gone when it stops.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack

from akako.migrations.run import migrate
from tests.parts.nginx import Nginx
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.seaweedfs import start_seaweedfs
from tests.parts.server import Server
from tests.parts.valkey import start_valkey


def main() -> None:
    parser = argparse.ArgumentParser(prog="make scale-out", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the balancer (any that is free)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with ExitStack() as stack:
        folder = stack.enter_context(passable_folder())
        database = start_postgres(folder / "postgres", {"fsync": "on", "synchronous_commit": "on"})
        stack.callback(database.stop)
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.stop)
        s3 = start_seaweedfs(folder / "s3")
        stack.callback(s3.stop)
        migrate(url := create_database(database.url, "school"))
        shared = folder / "data"
        shared.mkdir()
        environment = {
            "AKAKO_REDIS_URL": valkey.url,
            **s3.settings(),
            "AKAKO_TRUSTED_PROXIES": "127.0.0.1/32",
        }
        servers = []
        for _ in range(2):
            server = Server(shared, url, environment=environment, arguments=("--demo",))
            stack.callback(server.close)
            servers.append(server.start())
        ports = [each.port for each in servers]
        nginx = stack.enter_context(Nginx(folder / "nginx", ports, port=options.port))
        print(f"balancer    {nginx.url}")
        for server in servers:
            assert server.process
            print(f"API server  http://127.0.0.1:{server.port}  process {server.process.pid}")
        print(f"S3          {s3.endpoint}\nValkey      {valkey.url}")
        print(f"token       .venv/bin/akako token --as admin --data-dir {shared}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    main()
