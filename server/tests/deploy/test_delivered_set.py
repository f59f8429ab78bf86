"""The files in deploy/ work together unchanged, except for paths, ports and Clerk's address."""

from __future__ import annotations

import datetime
import os
import pwd
import re
import shlex
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from akako.dev.fake_clerk import FakeClerk
from tests.house.project import ROOT
from tests.parts.nginx import PROGRAM
from tests.parts.ports import free_port
from tests.parts.server import Server
from tests.parts.valkey import start_valkey

DEPLOY = ROOT / "deploy"
DOMAIN = "lms.example.com"
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def variables() -> dict[str, str]:
    """The variables that akako.env.example sets."""
    return dict(re.findall(r"^(AKAKO_\w+)=(.*)$", text_of("akako.env.example"), re.MULTILINE))


def start_arguments() -> list[str]:
    """The arguments of `akako serve` in akako.service."""
    found = re.search(r"^ExecStart=\S+/akako serve (.*)$", text_of("akako.service"), re.MULTILINE)
    assert found
    return shlex.split(found[1])


def option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def write_certificate(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DOMAIN)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(DOMAIN), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, form, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(private)


class Installation:
    """nginx and two workers, started from the shipped files."""

    def __init__(self, folder: Path, clerk: FakeClerk, server: Server) -> None:
        self.folder, self.clerk, self.server = folder, clerk, server
        self.http, self.https = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.https}"
        self.context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))

    def get(self, path: str, **headers: str) -> httpx2.Response:
        with httpx2.Client(verify=self.context, headers={"Host": DOMAIN}, timeout=30) as client:
            return client.get(f"{self.url}{path}", headers=headers)

    def configure_nginx(self) -> Path:
        """Write a main file that includes conf.d as packages of nginx do; return it."""
        conf = self.folder / "conf.d"
        conf.mkdir()
        port = option(start_arguments(), "--port")
        upstreams = text_of("nginx-upstreams.conf")
        assert f"server 127.0.0.1:{port}" in upstreams
        upstreams = upstreams.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.server.port}")
        site = text_of("nginx.conf")
        for before, after in (
            ("listen 80;", f"listen 127.0.0.1:{self.http};"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.https} ssl http2;"),
            (f"/etc/letsencrypt/live/{DOMAIN}", str(self.folder)),
            ("/var/lib/akako", str(self.server.folder)),
        ):
            assert before in site
            site = site.replace(before, after)
        (conf / "nginx-upstreams.conf").write_text(upstreams)
        (conf / "akako.conf").write_text(site)
        user = pwd.getpwuid(os.geteuid()).pw_name
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = "".join(f"{kind}_temp_path {kind};" for kind in kinds)
        main = self.folder / "nginx.conf"
        main.write_text(
            f"user {user}; daemon off; pid nginx.pid; error_log stderr;\nevents {{ }}\n"
            f"http {{ access_log off; {own} include {conf}/*.conf; }}\n"
        )
        return main

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if self.get("/health/ready").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "nginx.log").read_text())


@pytest.fixture(scope="module")
def installation(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    write_certificate(folder)
    (folder / "data").mkdir()
    with ExitStack() as stack:
        clerk = stack.enter_context(FakeClerk().running())
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.stop)
        settings = variables()
        assert settings["AKAKO_REDIS_URL"] == "redis://127.0.0.1:6379/0"
        settings |= {
            "AKAKO_DATA_DIR": str(folder / "data"),
            "AKAKO_REDIS_URL": valkey.url,
            "AKAKO_CLERK_ISSUER": clerk.issuer,
            "AKAKO_CLERK_API_URL": clerk.api_url,
            "AKAKO_CLERK_SECRET_KEY": clerk.secret_key,
            "AKAKO_CLERK_WEBHOOK_SECRETS": SECRET,
        }
        arguments = start_arguments()
        assert option(arguments, "--workers") == "2"
        workers = ("--workers", option(arguments, "--workers"))
        server = Server(folder / "data", new_database(), arguments=workers)
        kept = {k: v for k, v in server.environment.items() if not k.startswith("AKAKO_")}
        database = {"AKAKO_DATABASE_URL": str(server.database_url)}
        server.environment = kept | settings | database
        stack.callback(server.close)
        server.start()
        found = Installation(folder, clerk, server)
        with (folder / "nginx.log").open("wb") as log:
            command = [str(PROGRAM), "-p", str(folder), "-c", str(found.configure_nginx())]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        found.wait(process)
        yield found


def test_two_workers_serve_behind_tls(installation: Installation) -> None:
    deadline = time.monotonic() + 30
    metrics = ""
    while "akako_workers 2.0" not in metrics:  # the second worker may still be starting
        assert time.monotonic() < deadline, metrics
        metrics = httpx2.get(f"{installation.server.url}/metrics", timeout=30).text
    assert installation.get("/api/education/levels").status_code == 200
    for hidden in ("/metrics", "/health/live"):
        assert installation.get(hidden).status_code == 404
    clear = httpx2.get(
        f"http://127.0.0.1:{installation.http}/api/x", headers={"Host": DOMAIN}, timeout=30
    )
    assert clear.status_code == 308
    assert clear.headers["location"] == f"https://{DOMAIN}/api/x"


def test_http2_is_offered(installation: Installation) -> None:
    context = ssl.create_default_context(cafile=str(installation.folder / "fullchain.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", installation.https), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=DOMAIN) as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"


def test_the_plan_and_the_shared_network_of_the_file_apply(installation: Installation) -> None:
    clerk = installation.clerk
    clerk.put_user("user_learner", "learner@example.com")
    token = clerk.mint("user_learner", azp="https://app.example.com")
    quota = installation.get("/api/auth/quota", Authorization=f"Bearer {token}")
    assert quota.status_code == 200, quota.text
    assert quota.json()["data"]["plan"] == "ENTERPRISE"
    # nginx is trusted, so its header decides; the school's address has the limit of many people.
    school = variables()["AKAKO_SHARED_NETWORKS"].partition("/")[0]
    for address, limit in ((school, "2000"), ("198.51.100.9", "100")):
        response = installation.get("/api/education/levels", **{"X-Forwarded-For": address})
        # The hop that nginx adds is 127.0.0.1, which AKAKO_TRUSTED_PROXIES names.
        assert response.headers["x-ratelimit-limit"] == limit


def test_the_doctor_finds_the_installation_healthy(installation: Installation) -> None:
    command = [str(PROGRAM.with_name("akako")), "doctor"]
    environment = installation.server.environment | {"AKAKO_RESERVE_BYTES": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert "fail" not in result.stdout


def test_the_set_is_consistent() -> None:
    arguments = start_arguments()
    settings = variables()
    assert int(option(arguments, "--workers")) > 1
    assert settings["AKAKO_REDIS_URL"]
    assert option(arguments, "--host") == "127.0.0.1"
    assert settings["AKAKO_TRUSTED_PROXIES"] == "127.0.0.1/32"
    assert settings["AKAKO_DEFAULT_PLAN"] == "ENTERPRISE"
    assert settings["AKAKO_SHARED_NETWORKS"]
    example = text_of("akako.env.example")
    for name in ("AKAKO_REDIS_URL", "AKAKO_SHARED_NETWORKS", "AKAKO_DEFAULT_PLAN"):
        assert re.search(rf"^# Set this[^\n]*\n(#[^\n]*\n)*{name}=", example, re.MULTILINE), name
    ports = set(re.findall(r"server 127\.0\.0\.1:(\d+)", text_of("nginx-upstreams.conf")))
    assert ports == {option(arguments, "--port")}
    # `http2 on;` is an error before nginx 1.25.1.
    assert not re.search(r"^\s*http2 on;", text_of("nginx.conf"), re.MULTILINE)


def test_mounted_files_are_there() -> None:
    compose = yaml.safe_load(text_of("compose.yaml"))
    mounted = [
        each.partition(":")[0]
        for service in compose["services"].values()
        for each in service.get("volumes", [])
        if each.startswith("./")
    ]
    assert len(mounted) >= 2
    assert [path for path in mounted if not (DEPLOY / path).is_file()] == []
    hosts = set(re.findall(r"server (\w+):8000", text_of("nginx-upstreams.compose.conf")))
    assert hosts == {"api1", "api2"} <= set(compose["services"])


def test_backups_are_scheduled_with_escaped_percent_signs() -> None:
    (line,) = [each for each in text_of("akako.cron").splitlines() if each[0].isdigit()]
    assert re.findall(r"(?<!\\)%", line) == []
    unit = text_of("akako-backup.service")
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert re.findall(r"(?<!%)(?:%%)*%(?!%)", start) == []
    shell = start.partition(" -c ")[2].replace("%%", "%").replace("/opt/akako/.venv/bin/akako", "")
    (script,) = shlex.split(shell)
    printed = subprocess.run(
        ["sh", "-c", script.replace("exec ", "echo ")], capture_output=True, text=True, check=True
    ).stdout
    assert re.fullmatch(r"backup /var/backups/akako/school-[\d-]{10}T\d{6}\.tar\n", printed)
    assert "akako-backup" in text_of("akako-backup.timer")
