"""Generated requests for every operation: the server keeps to its own description."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.parts.server import Server

# A request may be valid by its schema and still be refused: the text rules, tags and keys of
# idempotency say more than a schema can.
LEFT_OUT = "positive_data_acceptance"


@pytest.fixture(scope="module")
def described(start_server: StartServer) -> Server:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    return start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": secret}, arguments=("--demo",))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", ["admin", "learner"])
def test_no_answer_contradicts_the_description(described: Server, who: str, tmp_path: Path) -> None:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run"),
        *(f"{described.url}/openapi.json", "--url", described.url),
        *("--header", f"Authorization: Bearer {described.token(who)}"),
        *("--checks", "all", "--exclude-checks", LEFT_OUT),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "5"),
        *("--seed", "1", "--generation-deterministic", "--no-color", "--workers", "2"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Server error" not in done.stdout
