"""Wrong input ends the command with one line that names what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from akako import cli
from tests.parts.server import free_port


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
def test_a_wrong_value_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert stopped.value.code == 1
    assert out == ""
    assert err.startswith(f"akako: {named}")
    assert len(err.splitlines()) == 1


def test_a_database_that_is_away_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://somebody:hidden@127.0.0.1:{free_port()}/akako"
    monkeypatch.setenv("AKAKO_DATABASE_URL", url)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["migrate"])
    err = capsys.readouterr().err
    assert stopped.value.code == 1
    assert err.startswith("akako: connection failed: ")
    assert "hidden" not in err
    assert len(err.splitlines()) == 1
