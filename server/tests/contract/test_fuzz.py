"""Generated requests for every operation: the server keeps to its own description."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.parts.server import Server

HERE = Path(__file__).parent
# A request may be valid by its schema and still be refused: the text rules, tags and keys of
# idempotency say more than a schema can.
LEFT_OUT = "positive_data_acceptance"


@pytest.fixture(scope="module")
def described(start_server: StartServer) -> Server:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    server = start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": secret}, arguments=("--demo",))
    # A spent quota would answer for everything behind it.
    path = f"/api/users/{server.user_id('learner')}"
    assert server.put(path, as_="admin", json={"plan": "ENTERPRISE"}).status_code == 200
    return server


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", ["admin", "learner"])
def test_no_answer_contradicts_the_description(described: Server, who: str, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(HERE / "schemathesis.toml"), "run"),
        *(f"{described.url}/openapi.json", "--url", described.url),
        *("--header", f"Authorization: Bearer {described.token(who)}"),
        *("--checks", "all", "--exclude-checks", LEFT_OUT),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "5"),
        *("--seed", "1", "--generation-deterministic", "--no-color", "--workers", "1"),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | hooks,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Server error" not in done.stdout
