"""No output contains a secret of a setting, whichever setting or server is faulty."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from akako import cli, settings
from akako.settings import SettingsError, load, urls
from tests.parts.ports import free_port

COMMANDS = {
    "serve": ["serve", "--port", "0"],
    "migrate": ["migrate"],
    "backup": ["backup", "school.tar"],
    "restore": ["restore", "--replace", "school.tar"],
    "check": ["restore", "--check", "school.tar"],
    "worker": ["worker"],
    "sweep": ["sweep"],
    "reconcile": ["reconcile"],
    "grant": ["admin", "grant", "--clerk-id", "user_123"],
    "plan": ["admin", "plan", "PRO", "--clerk-id", "user_123"],
    "seed": ["seed"],
    "token": ["token"],
    "openapi": ["openapi"],
    "dev": ["dev", "clerk"],
}
URLS = {
    "AKAKO_DATABASE_URL": "postgresql://akako:{}@127.0.0.1:5432/akako",
    "AKAKO_REDIS_URL": "redis://akako:{}@127.0.0.1:6379/0",
    "AKAKO_S3_ENDPOINT": "http://akako:{}@127.0.0.1:9000",
    "AKAKO_STORAGE_URL": "s3://akako:{}@bucket/prefix",
    "AKAKO_SENTRY_DSN": "https://akako:{}@sentry.example.com/1",
    "AKAKO_CLERK_ISSUER": "https://akako:{}@clerk.example.com",
    "AKAKO_CLERK_JWKS_URL": "https://akako:{}@clerk.example.com/jwks",
    "AKAKO_CLERK_API_URL": "https://akako:{}@api.clerk.com/v1",
    "AKAKO_CORS_ORIGINS": "https://akako:{}@app.example.com",
}
# Commands that use no database, or that wait until it is there.
RUN_WITHOUT = {"token", "dev", "check", "openapi", "serve", "worker"}
# Between two halves by which the password is recognised in the output.
SPECIAL = ["%zz", "%", " ", "[", "]", "℀", "@", "#", "?", "/", "\\", '"', "<", "ü", "%00", "%ff"]
HALVES = ("Kw4rTz", "9mVxQp")


def leaked(text: str) -> list[str]:
    return [half for half in HALVES if half in text]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AKAKO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AKAKO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_unreadable_url_is_one_line_without_the_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    for special in SPECIAL:
        monkeypatch.setenv(name, URLS[name].format(special.join(HALVES)))
        with pytest.raises(SystemExit) as stopped:
            cli.main(COMMANDS[command])
        out, err = capsys.readouterr()
        assert stopped.value.code == 1
        assert (out, leaked(err)) == ("", [])
        assert err.startswith(f"akako: {name} ")
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize("special", [" ", "\t", "\u2100", "\x7f", "\r\n"])
@pytest.mark.parametrize(
    "name",
    [
        "AKAKO_CLERK_SECRET_KEY",
        "AKAKO_S3_ACCESS_KEY_ID",
        "AKAKO_S3_SECRET_ACCESS_KEY",
        "AKAKO_CLERK_WEBHOOK_SECRETS",
        "AKAKO_CLERK_JWT_KEY",
    ],
)
def test_a_key_that_cannot_be_sent_is_not_quoted(name: str, special: str) -> None:
    """An HTTP client would quote the whole header that it cannot send."""
    with pytest.raises(SettingsError, match=f"^{name} ") as error:
        load({name: special.join(HALVES)})
    assert leaked(str(error.value)) == []


@pytest.mark.parametrize("special", SPECIAL[:-2])
def test_a_percent_encoded_password_is_read_as_it_is(special: str) -> None:
    password = special.join(HALVES)
    encoded = "".join(f"%{byte:02X}" for byte in password.encode())
    for name in ("AKAKO_DATABASE_URL", "AKAKO_REDIS_URL"):
        load({name: URLS[name].format(encoded)})
        parts = urls.split(URLS[name].format(encoded), ("postgresql", "redis"), login=True)
        assert unquote(parts.password or "") == password


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://akako:pa:ss%40@db1.example.com:5432,db2.example.com/akako?sslmode=require",
        "postgres://akako@[::1]:5432/akako",
        "postgresql:///akako?host=/var/run/postgresql",
    ],
)
def test_ordinary_urls_are_accepted(url: str) -> None:
    assert load({"AKAKO_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("query", ["passwort=Kw4rTz9mVxQp", "password=Kw4rTz%zz9mVxQp", "Kw4rTz"])
def test_a_parameter_that_is_wrong_is_not_quoted(query: str) -> None:
    with pytest.raises(SettingsError, match="AKAKO_DATABASE_URL") as error:
        load({"AKAKO_DATABASE_URL": f"postgresql://127.0.0.1/akako?{query}"})
    assert leaked(str(error.value)) == []


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in RUN_WITHOUT])
@pytest.mark.parametrize("query", ["", "?sslmode=nonsense", "?sslrootcert=/none&sslmode=verify-ca"])
def test_an_unusable_database_is_reported_without_the_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, query: str
) -> None:
    """Errors of psycopg, asyncpg and SQLAlchemy, up to the end of the process."""
    url = f"postgresql://akako:{''.join(HALVES)}@127.0.0.1:{free_port()}/akako{query}"
    (tmp_path / "school.tar").touch()
    if command == "backup":
        (tmp_path / "school.tar").unlink()
    run = subprocess.run(
        [sys.executable, "-m", "akako.cli", *COMMANDS[command]],
        env={**os.environ, "AKAKO_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert leaked(run.stdout + run.stderr) == []
    assert "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].startswith("akako: ")


def test_a_fault_of_the_program_does_not_show_the_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries quote what they were given in messages of unexpected errors."""
    password = "Kw4rTz%2F9mVxQp"
    monkeypatch.setenv("AKAKO_REDIS_URL", URLS["AKAKO_REDIS_URL"].format(password))
    monkeypatch.setenv("AKAKO_CLERK_SECRET_KEY", "".join(HALVES))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(
            f"no way to {os.environ['AKAKO_REDIS_URL']}, Kw4rTz/9mVxQp, Kw4rTz9mVxQp"
        )

    monkeypatch.setattr("akako.commands.upkeep.openapi", fail)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["openapi"])
    err = capsys.readouterr().err
    assert stopped.value.code == 1
    assert leaked(err) == []
    assert "RuntimeError: no way to redis://akako:[redacted]@127.0.0.1" in err


def test_an_error_cannot_control_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SettingsError("red \x1b[31m and a bell \a")

    monkeypatch.setattr("akako.commands.upkeep.openapi", fail)
    with pytest.raises(SystemExit):
        cli.main(["openapi"])
    assert capsys.readouterr().err == "akako: red ?[31m and a bell ?\n"


def test_the_secrets_of_the_settings_are_known() -> None:
    found = settings.secrets(
        {
            "AKAKO_DATABASE_URL": "postgresql://akako:first%40@db/akako?sslpassword=second",
            "AKAKO_REDIS_URL": "redis://:third@cache",
            "AKAKO_S3_SECRET_ACCESS_KEY": "fourth",
            "AKAKO_CLERK_SECRET_KEY": "sk_fifth",
            "AKAKO_CLERK_WEBHOOK_SECRETS": "whsec_sixth,whsec_seventh",
        }
    )
    assert {"first%40", "first@", "second", "third", "fourth", "sk_fifth", "whsec_sixth"} <= set(
        found
    )
