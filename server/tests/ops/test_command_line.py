"""Wrong input ends the command with one line that names the error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from akako import cli
from tests.parts.ports import free_port


@pytest.fixture(autouse=True)
def development(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AKAKO_ENV", "development")
    monkeypatch.setenv("AKAKO_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("AKAKO_DATABASE_URL", raising=False)
    monkeypatch.delenv("AKAKO_CLERK_ISSUER", raising=False)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["serve", "--port", "65536"], "--port 65536"),
        (["serve", "--port", "-1"], "--port -1"),
        (["serve", "--host", "no.such.host.invalid"], "--host no.such.host.invalid"),
        (["serve", "--host", "a..b"], "--host a..b"),
        (["serve", "--host", "x" * 70], "--host xxx"),
        (["serve", "--host", "::zz"], "--host ::zz"),
        (["serve", "--host", "192.0.2.77"], "--host 192.0.2.77"),
        (["serve", "--workers", "0"], "--workers 0"),
        (["serve", "--workers", "-1"], "--workers -1"),
        (["sweep", "--grace", "-1"], "--grace -1"),
        (["sweep", "--grace", "nan"], "--grace nan"),
        (["sweep", "--grace", "inf"], "--grace inf"),
        (["token", "--ttl", "99999999999"], "--ttl 99999999999"),
        (["token", "--user", "bob"], "--user 'bob'"),
        (["worker"], "AKAKO_DATABASE_URL"),
    ],
)
def test_a_wrong_value_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert stopped.value.code == 1
    assert out == ""
    assert err.startswith(f"akako: {named}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "akako: the following arguments are required: COMMAND (see akako --help)"),
        (["fly"], "akako: argument COMMAND: invalid choice: 'fly'"),
        (
            ["serve", "--port", "x"],
            "akako: argument --port: invalid int value: 'x' (see akako serve",
        ),
        (["serve", "--work", "2"], "akako: unrecognized arguments: --work 2"),
        (["backup"], "akako: the following arguments are required: FILE (see akako backup"),
        (["backup", "a", "b"], "akako: unrecognized arguments: b"),
        (["restore", "a", "--force"], "akako: unrecognized arguments: --force"),
        (["admin", "grant"], "akako: one of the arguments --email --clerk-id is required"),
        (
            ["admin", "plan", "GOLD", "--email", "a@b.c"],
            "akako: argument plan: invalid choice: 'GOLD'",
        ),
        (["token", "--as", "boss"], "akako: argument --as: invalid choice: 'boss'"),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert stopped.value.code == 2
    assert out == ""
    assert err.startswith(named)
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", [name for name, _, _ in cli.COMMANDS])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    out = capsys.readouterr().out
    assert stopped.value.code == 0
    assert f"usage: akako {name} [-h] [--data-dir DIR]" in out


def test_the_data_folder_can_be_named_before_and_after_a_verb(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = str(tmp_path / "file" / "data")
    (tmp_path / "file").touch()
    grant = ["grant", "--clerk-id", "user_123"]
    for arguments in (
        ["admin", "--data-dir", folder, *grant],
        ["admin", *grant, "--data-dir", folder],
    ):
        with pytest.raises(SystemExit):
            cli.main(arguments)
        assert capsys.readouterr().err.startswith(f"akako: AKAKO_DATA_DIR {folder} has no school")


@pytest.mark.parametrize(
    "arguments",
    [
        ["admin", "list"],
        ["admin", "status"],
        ["admin", "grant", "--email", "ama@example.com"],
        ["admin", "plan", "PRO", "--clerk-id", "user_123"],
        ["analytics", "rebuild"],
        ["backup", "{folder}/school.tar"],
        ["reconcile"],
        ["sweep"],
    ],
    ids=" ".join,
)
def test_a_folder_without_a_school_is_named_and_not_filled(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    missing = tmp_path / "akoko"
    words = [each.format(folder=tmp_path) for each in arguments]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words, "--data-dir", str(missing)])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith(f"akako: AKAKO_DATA_DIR {missing} has no school: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("imported", "unneeded"),
    [
        ("akako.cli", {"starlette", "asyncpg", "psycopg", "akako.commands"}),
        ("akako.commands.running", {"alembic", "sqlalchemy", "akako.backup"}),
    ],
)
def test_a_start_loads_only_what_it_uses(imported: str, unneeded: set[str]) -> None:
    script = f"import sys, {imported}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert unneeded.intersection(loaded.stdout.decode().split()) == set()


@pytest.mark.parametrize("location", ["s3:/bucket", "s3:bucket", "S3//bucket", "s3://"])
def test_a_location_that_is_almost_a_bucket_is_no_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.setenv("AKAKO_STORAGE_URL", location)
    with pytest.raises(SystemExit):
        cli.main(["sweep"])
    assert capsys.readouterr().err.startswith("akako: AKAKO_STORAGE_URL must be a URL that starts")


def test_an_unavailable_database_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://school:hidden@127.0.0.1:{free_port()}/akako"
    monkeypatch.setenv("AKAKO_DATABASE_URL", url)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["migrate"])
    err = capsys.readouterr().err
    assert stopped.value.code == 1
    assert err.startswith("akako: connection failed: ")
    assert "hidden" not in err
    assert len(err.splitlines()) == 1


def test_a_token_needs_the_data_folder_of_a_server(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A key in a misspelt folder would sign tokens that no server accepts."""
    folder = tmp_path / "misspelt"
    with pytest.raises(SystemExit):
        cli.main(["token", "--data-dir", str(folder)])
    out, err = capsys.readouterr()
    assert (out, folder.exists()) == ("", False)
    assert err.startswith(f"akako: AKAKO_DATA_DIR {folder} does not exist")
    assert len(err.splitlines()) == 1
