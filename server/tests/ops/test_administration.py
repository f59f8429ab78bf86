"""What an operator does from the command line applies at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from akako import cli
from akako.backends.dev_directory import DevDirectory
from akako.dev.fake_clerk import FakeClerk
from tests.conftest import StartServer
from tests.identity.clerk import settings_for, sync
from tests.identity.people import add_person, rows, value
from tests.parts.server import Server


@pytest.fixture(autouse=True)
def environment(api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run beside the server, as with `akako` in its data folder."""
    for name, setting in api.environment.items():
        monkeypatch.setenv(name, setting)


def windows(api: Server, clerk_id: str) -> list[tuple[object, ...]]:
    return rows(
        api,
        "select r.assigned_by, r.effective_end from user_roles r join users u on u.id = r.user_id "
        "where u.clerk_id = %s and r.role = 'ADMIN' order by r.effective_start",
        clerk_id,
    )


@pytest.mark.parametrize("option", ["--clerk-id", "--email"])
def test_the_first_administrator(
    api: Server, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    who = api.user(f"granted{len(option)}")
    email = value(api, "select email from users where clerk_id = %s", who)
    named = who if option == "--clerk-id" else email.upper()
    assert api.get("/api/users", as_=who).status_code == 403
    for _ in range(2):
        cli.main(["admin", "grant", option, named])
        assert capsys.readouterr().out == f"{who} is an administrator\n"
    assert api.get("/api/users", as_=who).status_code == 200
    assert windows(api, who) == [(None, None)]
    user_id = api.user_id(who)
    (entry,) = api.get(f"/api/admin/audit?resourceId={user_id}", as_=who).json()["data"]
    assert (entry["action"], entry["actorUserId"]) == ("user_role.assigned", None)


def test_an_administrator_for_a_time_becomes_one_for_good(api: Server) -> None:
    who = api.user("dated")
    body = {"role": "ADMIN", "effectiveEndDate": "2035-01-01T00:00:00Z"}
    path = f"/api/users/{api.user_id(who)}/roles"
    assert api.post(path, as_="admin", json=body).status_code == 201
    cli.main(["admin", "grant", "--clerk-id", who])
    dated, lasting = windows(api, who)
    assert dated[1] is not None
    assert lasting[1] is None


def test_a_user_who_never_signed_in(api: Server) -> None:
    DevDirectory(api.folder).add("user_never_here")
    cli.main(["admin", "grant", "--clerk-id", "user_never_here"])
    assert api.get("/api/users", as_="user_never_here").status_code == 200


def test_a_plan_for_a_person_and_for_an_organization(api: Server) -> None:
    who = api.user("planned")
    assert api.get("/api/auth/quota", as_=who).json()["data"]["plan"] == "FREE"
    cli.main(["admin", "plan", "PRO", "--clerk-id", who])
    assert api.get("/api/auth/quota", as_=who).json()["data"]["plan"] == "PRO"
    cli.main(["admin", "plan", "ENTERPRISE", "--organization", "org_school"])
    token = api.token(who, o={"id": "org_school"})
    quota = api.get("/api/auth/quota", headers={"Authorization": f"Bearer {token}"}).json()["data"]
    assert (quota["plan"], quota["apiCalls"]["limit"]) == ("ENTERPRISE", None)
    actions = {"user.plan": api.user_id(who), "organization.plan": "org_school"}
    for action, resource_id in actions.items():
        query = f"action={action}&resourceId={resource_id}"
        (entry,) = api.get(f"/api/admin/audit?{query}", as_="admin").json()["data"]
        assert entry["actorUserId"] is None


def test_an_unverified_address_makes_no_administrator(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows of an earlier version hold addresses that were never verified."""
    with FakeClerk().running() as clerk:
        server = start_server(settings_for(clerk))
        for name, setting in server.environment.items():
            monkeypatch.setenv(name, setting)
        for verb in (["grant"], ["plan", "PRO"]):
            email = f"{verb[0]}@example.com"
            clerk.put_user(f"user_thief{verb[0]}", email, email_status="unverified")
            add_person(server, clerk_id=f"user_thief{verb[0]}", email=email)
            with pytest.raises(SystemExit):
                cli.main(["admin", *verb, "--email", email])
            assert f"no user has the verified e-mail address {email}" in capsys.readouterr().err
        assert windows(server, "user_thiefgrant") == []
        clerk.put_user("user_rightful", "grant@example.com")
        assert sync(server, "user_rightful").status_code == 201
        cli.main(["admin", "grant", "--email", "Grant@example.com"])
        assert capsys.readouterr().out == "user_rightful is an administrator\n"
        cli.main(["admin", "plan", "PRO", "--email", "Grant@example.com"])
        assert capsys.readouterr().out == "user_rightful is on plan PRO\n"
        # An old row whose owner is verified at Clerk is mended on the way.
        clerk.put_user("user_old", "old@example.com")
        add_person(server, clerk_id="user_old", email="old@example.com")
        cli.main(["admin", "grant", "--email", "old@example.com"])
        assert capsys.readouterr().out == "user_old is an administrator\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["grant", "--clerk-id", "user_unheard_of"],
        ["grant", "--email", "unknown@example.com"],
        ["plan", "PRO", "--clerk-id", "user_unheard_of"],
        ["plan", "PRO", "--email", "unknown@example.com"],
    ],
)
def test_an_unknown_user_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["admin", *arguments])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out, len(err.splitlines())) == (1, "", 1)
    assert arguments[-1] in err


def test_administrators_are_listed_and_revoked(
    api: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    who = api.user("listed")
    cli.main(["admin", "grant", "--clerk-id", who])
    capsys.readouterr()
    cli.main(["admin", "list"])
    listed = capsys.readouterr().out.splitlines()
    email = value(api, "select email from users where clerk_id = %s", who)
    assert [line for line in listed if line.startswith(f"{who}  {email}  from 20")]
    assert [line for line in listed if line.startswith("user_admin ")]
    cli.main(["admin", "revoke", "--email", str(email).upper()])
    assert capsys.readouterr().out == f"{who} is no longer an administrator\n"
    assert api.get("/api/users", as_=who).status_code == 403
    cli.main(["admin", "list"])
    assert who not in capsys.readouterr().out
    user_id = api.user_id(who)
    entries = api.get(f"/api/admin/audit?resourceId={user_id}", as_="admin").json()["data"]
    assert "user_role.removed" in {each["action"] for each in entries}
    for unknown, message in ((who, "is not an administrator"), ("user_none", "no user has")):
        with pytest.raises(SystemExit):
            cli.main(["admin", "revoke", "--clerk-id", unknown])
        assert message in capsys.readouterr().err


def test_the_last_administrator_stays(api: Server, capsys: pytest.CaptureFixture[str]) -> None:
    others = rows(
        api,
        "select distinct u.clerk_id from users u join user_roles r on r.user_id = u.id "
        "where r.role = 'ADMIN' and r.effective_end is null and u.clerk_id <> 'user_admin'",
    )
    for (clerk_id,) in others:
        cli.main(["admin", "revoke", "--clerk-id", str(clerk_id)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main(["admin", "revoke", "--clerk-id", "user_admin"])
    err = capsys.readouterr().err
    assert stopped.value.code == 1
    assert err.startswith("akako: user_admin is the last administrator")
    assert api.get("/api/users", as_="admin").status_code == 200


def test_the_status_is_printed(api: Server, capsys: pytest.CaptureFixture[str]) -> None:
    api.user("counted")  # beside the administrator and the mentor of a fresh server
    cli.main(["admin", "status"])
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["database"] == "external"
    assert int(lines["users"]) >= 3
    assert int(lines["administrators"]) >= 1
    assert lines["latest backup"] == "none recorded"


@pytest.mark.parametrize("issuer", [None, "https://clerk.example.com"])
def test_production_needs_no_token_verifier_and_makes_no_keys(
    api: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    issuer: str | None,
) -> None:
    who = api.user("operated")
    monkeypatch.setenv("AKAKO_ENV", "production")
    monkeypatch.setenv("AKAKO_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("AKAKO_CLERK_ISSUER", raising=False)
    if issuer:
        monkeypatch.setenv("AKAKO_CLERK_ISSUER", issuer)
    cli.main(["admin", "grant", "--clerk-id", who])
    cli.main(["admin", "list"])
    cli.main(["sweep"])
    with pytest.raises(SystemExit):
        cli.main(["admin", "grant", "--clerk-id", "user_operated_by_none"])
    assert "AKAKO_CLERK_SECRET_KEY" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("dev-")] == []
