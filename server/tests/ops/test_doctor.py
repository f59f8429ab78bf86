"""`akako doctor` names each fault with what to do, in bounded time and without secrets."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from akako import cli
from akako.dev.fake_clerk import FakeClerk
from akako.ops import backup_record
from tests.parts.ports import free_port
from tests.parts.server import Server
from tests.parts.valkey import Valkey, start_valkey

LINE = re.compile(r"(ok|warn|fail) +([a-z ]+): (.+)")
NAMES = [
    "settings",
    "database",
    "schema",
    "valkey",
    "files",
    "clerk keys",
    "clerk secret",
    "disk",
    "permissions",
    "clock",
    "backup",
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AKAKO_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk().running() as fake:
        yield fake


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = start_valkey(tmp_path / "valkey")
    yield server
    server.stop()


@pytest.fixture
def production(
    api: Server, clerk: FakeClerk, valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The environment of a server in production; returns its data folder."""
    (tmp_path / "data").mkdir()
    settings = {
        "ENV": "production",
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": str(api.database_url),
        "REDIS_URL": valkey.url,
        "RESERVE_BYTES": "1",
        "CLERK_ISSUER": clerk.issuer,
        "CLERK_API_URL": clerk.api_url,
        "CLERK_SECRET_KEY": clerk.secret_key,
        "CLERK_WEBHOOK_SECRETS": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=",
    }
    for name, text in settings.items():
        monkeypatch.setenv(f"AKAKO_{name}", text)
    backup_record.record(tmp_path / "data")
    return tmp_path / "data"


def diagnose(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, tuple[str, str]]]:
    """Run the command; return its exit status, and the state and text of each line."""
    status = 0
    try:
        cli.main(["doctor"])
    except SystemExit as stopped:
        status = int(str(stopped.code))
    lines = [LINE.fullmatch(line) for line in capsys.readouterr().out.splitlines()]
    assert all(lines)
    return status, {each[2]: (each[1], each[3]) for each in lines if each}


def test_a_healthy_server(production: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = diagnose(capsys)
    assert list(lines) == NAMES
    assert [name for name in NAMES if lines[name][0] == "fail"] == [], lines
    assert lines["disk"][0] in ("ok", "warn")
    assert {lines[name][0] for name in NAMES if name != "disk"} == {"ok"}, lines
    assert status == 0
    assert not (production / "dev-issuer.pem").exists()


def test_each_fault_is_named_with_what_to_do(
    production: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    changes = {
        "DATABASE_URL": f"postgresql://akako:p4ssw0rd@127.0.0.1:{port}/akako",
        "REDIS_URL": f"redis://:p4ssw0rd@127.0.0.1:{port}/0",
        "CLERK_SECRET_KEY": "sk_test_wrong_and_secret",
        "CLERK_JWKS_URL": f"http://127.0.0.1:{port}/jwks",
        "RESERVE_BYTES": "9999999999999",
        "STORAGE_URL": "s3://akako",
        "S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "S3_REGION": "eu",
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "p4ssw0rd",
        "REDIS_ULR": "x",
    }
    for name, text in changes.items():
        monkeypatch.setenv(f"AKAKO_{name}", text)
    backup_record.record(production, time.time() - 72 * 3600)
    started = time.monotonic()
    status, lines = diagnose(capsys)
    assert time.monotonic() - started < 40
    assert status == 1
    expected = {
        "settings": ("warn", "did you mean AKAKO_REDIS_URL?"),
        "database": ("fail", "check AKAKO_DATABASE_URL"),
        "schema": ("fail", "database does not respond"),
        "valkey": ("fail", "check AKAKO_REDIS_URL"),
        "files": ("fail", "check AKAKO_STORAGE_URL"),
        "clerk keys": ("fail", "check the address"),
        "clerk secret": ("fail", "check AKAKO_CLERK_SECRET_KEY"),
        "disk": ("fail", "free some space"),
        "backup": ("warn", "72 hours old"),
    }
    for name, (state, text) in expected.items():
        assert lines[name][0] == state, lines
        assert text in lines[name][1], lines
    assert not re.search("p4ssw0rd|wrong_and_secret", str(lines))


def test_unusable_settings_are_one_line(
    production: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKAKO_RATE_LIMIT_AUTH", "many")
    status, lines = diagnose(capsys)
    assert status == 1
    assert list(lines) == ["settings"]
    assert "AKAKO_RATE_LIMIT_AUTH must be hits/seconds" in lines["settings"][1]


def test_a_fresh_folder_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKAKO_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("AKAKO_RESERVE_BYTES", "1")
    status, lines = diagnose(capsys)
    assert status == 0
    assert lines["permissions"] == (
        "warn",
        f"{tmp_path / 'none'} does not exist yet: akako serve creates it",
    )
    assert not (tmp_path / "none").exists()


def test_a_missing_issuer_in_production_is_a_fault(
    production: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AKAKO_CLERK_ISSUER")
    status, lines = diagnose(capsys)
    assert status == 1
    assert lines["settings"][0] == "fail"
    assert "AKAKO_CLERK_ISSUER" in lines["settings"][1]
    assert lines["database"][0] == "ok"
