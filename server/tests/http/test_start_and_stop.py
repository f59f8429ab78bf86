"""A server with a wrong setting does not start and says why; one that stops finishes its work."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from akako import cli
from akako.settings import Settings, variable
from akako.settings.loading import PARSERS
from tests.conftest import StartServer
from tests.http import raw
from tests.http.test_slow_and_gone import busy, hold_learner
from tests.parts.ports import free_port

CLERK = {
    "AKAKO_ENV": "production",
    "AKAKO_CLERK_ISSUER": "https://clerk.example.com",
    "AKAKO_CLERK_WEBHOOK_SECRETS": "whsec_plJ3nmyCDGBKInavdOK15jsl",
}
SMALL_KEY = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf
9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----"""
WRONG = {
    "AKAKO_ENV": ["prod", "test"],
    "AKAKO_DATABASE_URL": ["mysql://localhost/x", "postgresql://", "postgresql://host:port/db"],
    "AKAKO_REDIS_URL": ["localhost:6379", "http://localhost", "redis://localhost:port/0"],
    "AKAKO_STORAGE_URL": ["bucket", "s3://", "gs://bucket", "file:///tmp/x"],
    "AKAKO_S3_ENDPOINT": ["localhost:9000", "ftp://x"],
    "AKAKO_CLERK_ISSUER": ["clerk.example.com", "https://"],
    "AKAKO_CLERK_JWKS_URL": ["/jwks.json", "http://[::1/jwks"],
    "AKAKO_CLERK_JWT_KEY": [
        "key",
        "-----BEGIN PUBLIC KEY-----\\nnonsense\\n-----END PUBLIC KEY-----",
        "-----BEGIN PRIVATE" + " KEY-----",
        SMALL_KEY,
    ],
    "AKAKO_CLERK_API_URL": ["api.clerk.com", "https://x:port/v1"],
    "AKAKO_CLERK_REQUIRE_AZP": ["maybe", "2"],
    "AKAKO_CLERK_INSTANCE_ID": ["2abc", "ins_", "ins_a b", "user_2abc"],
    "AKAKO_CLERK_WEBHOOK_SECRETS": ["secret", "whsec_", "whsec_plJ3nmyCDGBKInavdOK15jsl,x"],
    "AKAKO_BOOTSTRAP_ADMINS": ["admin", "user_a,b", "user_"],
    "AKAKO_TRUSTED_PROXIES": ["10.0.0.0/33", "proxy", "10.0.0.1/8"],
    "AKAKO_ACCEL_LOCATION": ["files", "/files", "/", "//", "/a/?b/", "/files/"],  # no proxy named
    "AKAKO_SHARED_NETWORKS": ["school", "1.2.3"],
    "AKAKO_CLIENT_CONNECTIONS": ["0", "-1", "many", "100000"],
    "AKAKO_CORS_ORIGINS": ["*", "app.example.com", "https://a.example/path", "null"],
    "AKAKO_OIDC_ISSUER": ["provider", "ftp://provider.example"],
    "AKAKO_TIME_ZONE": ["Mars/Olympus", "../etc", "Europe/Nowhere"],
    "AKAKO_CORS_HEADERS": ["X School", "*, X:Y", "X-\u00e9"],
    "AKAKO_PUBLIC_URL": ["school.example.com", "https://a.example/path", "https://u:p@a.example"],
    "AKAKO_FIRST_PARTY_ORIGINS": ["*", "https://a.example/?x"],
    "AKAKO_DEFAULT_PLAN": ["GOLD", "0"],
    "AKAKO_MAX_DOCUMENT_BYTES": ["0", "-1", "50MB", "1e6"],
    "AKAKO_MAX_VIDEO_BYTES": ["none", "0"],
    "AKAKO_MAX_UPLOAD_SECONDS": ["59", "86401", "1h", "-60", "60.0"],
    "AKAKO_AUDIT_DAYS": ["0", "-1", "1 year"],
    "AKAKO_OUTBOX_DAYS": ["0", "forever"],
    "AKAKO_SECRET_KEY": ["00ff", "secret", "x" * 64],
    "AKAKO_WEBHOOK_ALLOWED_NETWORKS": ["10.0.0.0/99", "intranet"],
    "AKAKO_MAX_UNFINISHED_BYTES": ["0", "1GB"],
    "AKAKO_RESERVE_BYTES": ["5%", "-1"],
    "AKAKO_LOG_LEVEL": ["loud", "20"],
    "AKAKO_SENTRY_DSN": ["https://sentry.example.com/1", "key@host/1", "https://key@host/x"],
    **{
        f"AKAKO_RATE_LIMIT_{name}": ["100", "100/0", "0/60", "-1/60", "100 per minute", "1/1/1"]
        for name in ("GENERAL", "AUTH", "UPLOAD", "MEDIA", "WEBHOOK")
    },
}
FREE_TEXT = {"s3_region", "s3_access_key_id", "s3_secret_access_key", "clerk_secret_key"} | {
    "clerk_audience",
    "clerk_authorized_parties",
    "data_dir",
    "oidc_client_id",
    "oidc_client_secret",
}


def refusal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> str:
    """The one line with which the command refuses to start."""
    for name in [name for name in os.environ if name.startswith("AKAKO_")]:
        monkeypatch.delenv(name)
    for name, text in settings.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["serve", "--port", str(free_port()), "--workers", settings.get("workers", "1")])
    assert stopped.value.code not in (0, None)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1, err
    return err


def test_every_setting_that_can_be_wrong_is_looked_at() -> None:
    fields = set(Settings.__struct_fields__)
    assert {variable(field) for field in fields - FREE_TEXT} == set(WRONG)
    assert set(PARSERS) >= fields - FREE_TEXT


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts]
)
def test_a_wrong_setting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    assert refusal(capsys, monkeypatch, {name: text}).startswith(f"akako: {name} ")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"AKAKO_CLERK_ISSUER": ""}, "AKAKO_CLERK_ISSUER"),
        ({"AKAKO_CLERK_ISSUER": "http://clerk.example.com"}, "AKAKO_CLERK_ISSUER"),
        ({"AKAKO_CLERK_WEBHOOK_SECRETS": ""}, "AKAKO_CLERK_WEBHOOK_SECRETS"),
        ({"AKAKO_CLERK_JWKS_URL": "http://clerk.example.com/jwks"}, "AKAKO_CLERK_JWKS_URL"),
        ({"AKAKO_CLERK_API_URL": "http://api.clerk.com/v1"}, "AKAKO_CLERK_API_URL"),
        ({"workers": "2"}, "AKAKO_REDIS_URL"),
    ],
)
def test_production_refuses_what_is_not_safe(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    named: str,
) -> None:
    assert named in refusal(capsys, monkeypatch, {**CLERK, **changed})


@pytest.mark.parametrize("arguments", [["serve", "--demo"], ["seed"], ["token"], ["dev", "clerk"]])
def test_production_refuses_what_is_for_development(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
) -> None:
    """Example accounts and a key of our own would open a real school to its readers."""
    for name, text in (CLERK | {"AKAKO_DATA_DIR": str(tmp_path / "data")}).items():
        monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 1
    out, err = capsys.readouterr()
    expected = f"akako: akako {' '.join(arguments)} is for development only, but AKAKO_ENV is "
    assert (out, err) == ("", f"{expected}production\n")
    assert not (tmp_path / "data").exists()


def test_the_demonstration_is_refused_beside_clerk(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKAKO_CLERK_ISSUER", "https://clerk.example.com")
    with pytest.raises(SystemExit):
        cli.main(["serve", "--demo"])
    assert "but AKAKO_CLERK_ISSUER is set" in capsys.readouterr().err


def test_nginx_cannot_send_what_is_not_in_a_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "AKAKO_ACCEL_LOCATION": "/files/",
        "AKAKO_TRUSTED_PROXIES": "127.0.0.1",
        "AKAKO_STORAGE_URL": "s3://bucket",
    }
    assert "AKAKO_STORAGE_URL" in refusal(capsys, monkeypatch, settings)


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AKAKO_")} | settings
    command = [sys.executable, "-m", "akako.cli", "serve", "--data-dir", str(folder), *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_command_ends_with_a_status_and_one_line(tmp_path: Path) -> None:
    ended = run(tmp_path, AKAKO_RATE_LIMIT_AUTH="ten a minute")
    assert ended.returncode == 1
    expected = (
        "akako: AKAKO_RATE_LIMIT_AUTH must be hits/seconds, such as 100/60: "
        "1 to 999999 hits in 1 to 99999 seconds\n"
    )
    assert (ended.stdout, ended.stderr) == ("", expected)


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run(tmp_path, "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert ended.stderr.startswith("akako: --port ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_data_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run(tmp_path / "file" / "data", "--port", str(free_port()))
    assert ended.returncode == 1
    assert ended.stderr.startswith("akako: AKAKO_DATA_DIR ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_is_finished(
    start_server: StartServer, number: signal.Signals
) -> None:
    api = start_server()
    assert api.process is not None
    with raw.connection(api) as idle, hold_learner(api) as holder:
        idle.send(raw.head("/health/live"))
        assert idle.receive().status_code == 200
        (task,) = await busy(api, 1)
        api.process.send_signal(number)
        await _until_closed(api.port)
        holder.rollback()
        (answer,) = await task
    assert answer.status_code == 200
    assert answer.json()["data"]["firstName"] == "Waiting"
    assert await asyncio.to_thread(api.process.wait, 30) == 0
    assert "Traceback" not in api.log()
    with api.db() as db:
        name = db.execute("select first_name from users where clerk_id = 'user_123'").fetchone()
    assert name == ("Waiting",)


async def _until_closed(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                await asyncio.sleep(0.02)
        except ConnectionRefusedError:
            return
    raise AssertionError("the port stays open")
