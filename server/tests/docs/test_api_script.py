"""The script for testing an installation calls every endpoint and finds what is promised."""

from __future__ import annotations

import json
import os
import re
import subprocess

from tests.conftest import StartServer
from tests.docs.pages import DOCS, REPOSITORY, events
from tests.parts.server import Server

SCRIPT = DOCS / "api-test.sh"
CALL = re.compile(r"^(?:FILE=1 )?check (?:'[^']*'|\d+) (?:\w+|'') (\w+) (\S+)", re.MULTILINE)
PLAIN = re.compile(r'^curl -X (\w+) "?\$(BASE_URL|SERVER)(/[\w/]*)', re.MULTILINE)
# As the reference gives them, apart from the address.
REFERENCE = """\
# Test authentication
curl -X POST $BASE_URL/auth/sync \\
-H "Content-Type: application/json" \\
-d '{"userId": "user_123", "email": "test@example.com"}'
"""
LEVELS = """\
# Test education levels
curl -X GET $BASE_URL/education/levels \\
-H "Authorization: Bearer your_jwt_token"
"""


def run(server: Server, **changes: str) -> subprocess.CompletedProcess[str]:
    tokens = {f"{who.upper()}_TOKEN": server.token(who) for who in ("admin", "mentor", "learner")}
    environment = {**os.environ, "BASE_URL": f"{server.url}/api", **tokens, **changes}
    return subprocess.run(
        ["bash", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )


def test_it_begins_with_the_two_commands_of_the_reference() -> None:
    text = SCRIPT.read_text()
    calls = text[text.index("# Test authentication") :]
    assert calls.startswith(REFERENCE)
    assert calls.index(LEVELS) < calls.index("\n# Authentication\n")


def test_it_calls_every_operation() -> None:
    text = SCRIPT.read_text()
    calls = {(m, "/api" + path.strip("'\"").partition("?")[0]) for m, path in CALL.findall(text)}
    calls |= {(m, ("/api" if at == "BASE_URL" else "") + p) for m, at, p in PLAIN.findall(text)}
    called = {(method, re.sub(r"\$\w+|org_test", "{}", path)) for method, path in calls}
    document = json.loads((REPOSITORY / "contract" / "openapi.json").read_text())
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, item in document["paths"].items()
        for method in item
    }
    assert called == described


def test_it_finds_everything_as_promised_and_every_event_is_documented(
    start_server: StartServer,
) -> None:
    server = start_server(arguments=("--demo",))
    # It leaves nothing behind that a second run would stumble over.
    for _ in range(2):
        done = run(server)
        assert done.returncode == 0, done.stdout + done.stderr
        *lines, summary = done.stdout.splitlines()
        assert summary == f"{len(lines)} checks, 0 failures"
        assert all(line.startswith("ok    ") for line in lines)
        assert done.stderr == ""
    with server.db() as db:
        announced = {str(row[0]) for row in db.execute("select distinct type from outbox")}
    # Users are deleted by Clerk alone. A type that is written has to be listed; the script calls
    # every endpoint, so a type that is listed and not written belongs to a page of its own.
    assert announced <= set(events())
    # One topic has no other order.
    later = {"user.deleted", "ping", "subject.topics_reordered"}
    assert later >= set(events()) - announced


def test_it_fails_where_something_is_not_as_promised(start_server: StartServer) -> None:
    server = start_server(arguments=("--demo",))
    done = run(server, ADMIN_TOKEN=server.token("learner"))
    assert done.returncode == 1
    assert re.search(r"^FAIL  403 GET /api/users\?", done.stdout, re.MULTILINE)
    assert not done.stdout.endswith(" 0 failures\n")
