"""Traces and crash reports: sent where the operator says, and with nothing personal in them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akako.settings import traces_wanted
from tests.conftest import StartServer
from tests.parts.collector import Collector
from tests.parts.server import Server

TRACES, CRASHES = "/v1/traces", "/api/7/envelope/"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def api(collector: Collector, start_server: StartServer) -> Server:
    """The collector ends after the server, which sends its last traces when it stops."""
    at = f"127.0.0.1:{collector.port}"
    settings = {
        "AKAKO_SENTRY_DSN": f"http://publickey@{at}/7",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{at}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_SERVICE_NAME": "school-7",
    }
    return start_server(settings)


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline, "nothing of the kind was sent"
        time.sleep(0.02)


def crash(api: Server) -> None:
    """An error whose text quotes user input."""
    rule = "alter table users add constraint no_names check (first_name is distinct from 'Break')"
    with api.db() as db:
        db.execute(rule)
    name = {"firstName": "Break", "lastName": "Quartey"}
    headers = {"X-Request-Id": "crash-7", "User-Agent": "telltale", "X-Forwarded-For": "192.0.2.9"}
    answer = api.put(
        "/api/auth/profile?secret=unmistakable", as_="learner", json=name, headers=headers
    )
    assert answer.status_code == 500


def test_a_request_is_a_span_of_the_callers_trace(api: Server, collector: Collector) -> None:
    path = "/api/users/some-id?search=ama@example.com"
    api.get(path, headers={"traceparent": PARENT, "X-Request-Id": "traced-1"}, as_="admin")
    until(lambda: any(bytes.fromhex(TRACE) in each for each in collector.bodies(TRACES)))
    sent = b"".join(collector.bodies(TRACES))
    for expected in (
        b"GET /api/users/{user_id}",
        b"traced-1",
        b"school-7",
        b"SELECT",
        b"postgresql",
    ):
        assert expected in sent
    until(lambda: b"some-id" not in b"".join(collector.bodies(TRACES)))


def test_a_crash_is_reported_once_and_with_its_request(api: Server, collector: Collector) -> None:
    crash(api)
    until(lambda: bool(collector.bodies(CRASHES)))
    (body,) = collector.bodies(CRASHES)
    event = json.loads(body.splitlines()[2])
    assert event["tags"] == {"request_id": "crash-7", "route": "/api/auth/profile"}
    *_, error = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("CheckViolationError", "")
    frames = [frame["function"] for frame in error["stacktrace"]["frames"]]
    assert "_carry_out" in frames
    assert not any("vars" in frame for frame in error["stacktrace"]["frames"])
    assert set(event) <= {
        "event_id", "timestamp", "platform", "level", "exception", "tags", "release",
        "environment", "sdk", "transaction", "transaction_info", "threads",
    }  # fmt: skip


def test_nothing_personal_is_sent(api: Server, collector: Collector) -> None:
    api.put("/api/auth/profile", as_="learner", json={"lastName": "Quartey"})
    until(lambda: b"PUT /api/auth/profile" in b"".join(collector.bodies(TRACES)))
    everything = b"".join(body for _, body in collector.received)
    personal = ["Quartey", "Break", "ama@example.com", "test@example.com", "user_123", "telltale"]
    personal += ["192.0.2.9", "some-id", "unmistakable", api.token("learner"), api.token("admin")]
    # The statement is there as it is written in the code, the constraint's text is not.
    assert [each for each in personal if each.encode() in everything] == []


def test_both_are_off_unless_configured(tmp_path: Path) -> None:
    program = (
        "import sys; from akako import main, settings;"
        "main.create_app(settings.load({'AKAKO_DATA_DIR': sys.argv[1]}));"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.exporter', 'sentry_sdk'))])"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_decide(environment: dict[str, str], wanted: bool) -> None:
    assert traces_wanted(environment) is wanted
