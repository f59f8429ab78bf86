"""`akako dev clerk`: an integrator's stand-in for Clerk, used against a real server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import StartServer
from tests.parts.fake_clerk_control import WEBHOOK_SECRET
from tests.parts.server import Server, free_port


@pytest.fixture
def control(start_server: StartServer) -> Iterator[tuple[httpx.Client, Server]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = start_server(
        {
            "AKAKO_CLERK_ISSUER": url,
            "AKAKO_CLERK_API_URL": f"{url}/v1",
            "AKAKO_CLERK_SECRET_KEY": "sk_test_fake",
            "AKAKO_CLERK_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        }
    )
    command = [sys.executable, "-m", "akako.cli", "dev", "clerk", "--port", str(port)]
    command += ["--webhook-url", f"{server.url}/api/webhooks/clerk"]
    process = subprocess.Popen(command, env=server.environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert url in process.stdout.readline()
        with httpx.Client(base_url=url, timeout=20) as client:
            _wait(client)
            yield client, server
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            client.get("/.well-known/jwks.json").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the fake Clerk did not start")


def test_a_person_from_creation_to_deletion(control: tuple[httpx.Client, Server]) -> None:
    clerk, server = control
    made = clerk.post("/control/users", json={"id": "user_1", "email": "one@example.com"})
    assert made.json()["delivered"] == 200
    token = clerk.post("/control/token", json={"sub": "user_1"}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    profile = server.get("/api/auth/profile", headers=headers).json()["data"]
    assert profile["email"] == "one@example.com"
    assert clerk.post("/control/rotate", json={}).json()["kid"]
    newer = clerk.post("/control/token", json={"sub": "user_1", "ttl": 30}).json()["token"]
    headers = {"Authorization": f"Bearer {newer}"}
    assert server.get("/api/auth/profile", headers=headers).status_code == 200
    assert clerk.post("/control/users/delete", json={"id": "user_1"}).json()["delivered"] == 200
    assert server.get("/api/auth/profile", headers=headers).status_code == 401
    assert clerk.post("/control/nonsense", json={}).status_code == 404
    assert clerk.post("/control/token", json={}).status_code == 400
