"""Akako LMS scaled out on one machine, without Docker: `make scale-out`.

Two API servers behind nginx (a Debian package), one PostgreSQL, one Valkey and one SeaweedFS from
the wheels that the tests use. It is the shape of a larger installation, to be tried and broken: the
sign-ins are those of development, and everything is gone when it stops.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from akako.migrations.run import migrate
from tests.parts.balancer import Balancer
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.seaweedfs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, start_seaweedfs
from tests.parts.server import Server, free_port
from tests.parts.valkey import start_valkey

NGINX_CONF = Path(__file__).with_name("nginx.conf")


def nginx_conf(port: int, servers: list[int]) -> str:
    """deploy/nginx.conf for these servers, on a loopback port and without TLS."""
    text = NGINX_CONF.read_text(encoding="utf-8")
    for written, real in zip(("8001", "8002"), servers, strict=True):
        text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{real}")
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^    ssl_.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    own = "pid nginx.pid; error_log stderr; daemon off; worker_processes 1;"
    temporary = "".join(
        f"{name}_temp_path {name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"{own}\nevents {{ }}\nhttp {{ access_log off; {temporary}\n{text}}}\n"


def start_nginx(
    program: str, folder: Path, port: int, servers: list[int]
) -> subprocess.Popen[bytes]:
    folder.mkdir()
    (folder / "nginx.conf").write_text(nginx_conf(port, servers), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t", "-q"], check=True)
    return subprocess.Popen(command)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make scale-out", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the balancer (any that is free)")
    parser.add_argument("--nginx", default=shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin"))
    options = parser.parse_args()
    port = options.port or free_port()
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
            "AKAKO_STORAGE_URL": s3.url,
            "AKAKO_S3_ENDPOINT": s3.endpoint,
            "AKAKO_S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AKAKO_S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AKAKO_TRUSTED_PROXIES": "127.0.0.1/32",
        }
        servers = []
        for _ in range(2):
            server = Server(shared, url, environment=environment, arguments=("--demo",))
            stack.callback(server.close)
            servers.append(server.start())
        ports = [each.port for each in servers]
        if options.nginx:
            balancer = start_nginx(options.nginx, folder / "nginx", port, ports)
            stack.callback(balancer.wait)
            stack.callback(balancer.terminate)
        else:
            print("nginx is not installed (apt install nginx): a balancer of connections stands in")
            port = stack.enter_context(Balancer(ports)).port
        print(f"balancer    http://127.0.0.1:{port}")
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
