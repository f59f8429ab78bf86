"""Make a school with the code of an older release, and store it as a dump and as a backup.

    git archive 0ee62a1 | tar x -C ../first       # install its requirements into .venv
    PYTHONPATH=server .venv/bin/python -m tests.upgrade.make_school ../first schema_0009

The files go to `server/tests/upgrade/schools`. They are made once: the tests read what an old
release wrote, so they must not follow later code.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from akako.backends.postgres.binaries import find_programs
from akako.dev.fake_clerk import sign_webhook
from tests.parts.ports import free_port
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.samples import sample
from tests.parts.server import GENEROUS

SCHOOLS = Path(__file__).parent / "schools"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# Named so that no other order than that of creation gives this one.
TOPICS = ("Zero", "äpfel", "Part 10", "Part 2", "Apples")
TUS = {"Tus-Resumable": "1.0.0"}


class OldServer:
    """`akako serve --demo` of another checkout, on a database and in a folder of its own."""

    def __init__(self, checkout: Path, folder: Path, url: str) -> None:
        self._checkout = checkout
        self._environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "AKAKO_DATA_DIR": str(folder / "data"),
            "AKAKO_DATABASE_URL": url,
            "AKAKO_CLERK_WEBHOOK_SECRETS": SECRET,
            **GENEROUS,
        }
        self._tokens: dict[str, str] = {}
        self.port = free_port()
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}/api", timeout=30)

    def __enter__(self) -> OldServer:
        command = [*self._akako(), "serve", "--migrate", "--demo", "--port", str(self.port)]
        self._process = subprocess.Popen(command, env=self._environment)
        while True:
            try:
                if self.http.get("/education/levels").status_code == 200:
                    return self
            except httpx2.TransportError:
                assert self._process.poll() is None
                time.sleep(0.1)

    def __exit__(self, *error: object) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait()

    def _akako(self) -> list[str]:
        return [str(self._checkout / ".venv" / "bin" / "akako")]

    def command(self, *arguments: str) -> str:
        command = [*self._akako(), *arguments]
        done = subprocess.run(
            command, env=self._environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.strip()

    def script(self) -> None:
        """Run the release's own script, which calls each operation."""
        tokens = {f"{who.upper()}_TOKEN": self.token(who) for who in ("admin", "mentor", "learner")}
        environment = self._environment | tokens | {"BASE_URL": str(self.http.base_url).rstrip("/")}
        command = ["bash", "docs/api-test.sh"]
        subprocess.run(command, cwd=self._checkout, env=environment, check=True)

    def token(self, who: str) -> str:
        if who not in self._tokens:
            which = ["--user", who] if who.startswith("user_") else ["--as", who]
            self._tokens[who] = self.command("token", *which)
        return self._tokens[who]

    def ask(self, method: str, path: str, as_: str, **more: Any) -> Any:
        """Send a request that must succeed; return its `data`."""
        headers = {"Authorization": f"Bearer {self.token(as_)}", **more.pop("headers", {})}
        response = self.http.request(method, path, headers=headers, **more)
        assert response.is_success, (method, path, response.status_code, response.text)
        return response.json().get("data")

    def event(self, number: int, type_: str, data: object) -> None:
        body = json.dumps({"type": type_, "data": data}).encode()
        headers = {
            "Content-Type": "application/json",
            **sign_webhook(body, SECRET, f"msg_{number}"),
        }
        response = self.http.post("/webhooks/clerk", content=body, headers=headers)
        sys.stdout.write(f"{type_}: {response.status_code} {response.text[:200]}\n")


def fill(server: OldServer) -> None:
    """Write through the API what the demonstration school lacks."""
    server.script()
    subject = _curriculum(server)
    _people(server)
    _decisions(server, subject)
    server.ask("PUT", "/admin/organizations/org_school", "admin", json={"plan": "PRO"})


def _curriculum(server: OldServer) -> str:
    education = "/admin/education"
    level = server.ask("POST", f"{education}/levels", "admin", json={"name": "Upgraded level"})
    grades = [
        server.ask(
            "POST",
            f"{education}/grades",
            "admin",
            json={"educationLevelId": level["id"], "name": name, "level": "primary"},
        )
        for name in ("Grade 10", "Grade 2", "Grade 1")
    ]
    mentor = server.ask("GET", "/auth/profile", "mentor")["id"]
    body = {"gradeId": grades[0]["id"], "name": "Upgraded subject", "mentorId": mentor}
    subject = str(server.ask("POST", f"{education}/subjects", "admin", json=body)["id"])
    topics = [
        server.ask(
            "POST",
            f"{education}/topics",
            "mentor",
            json={"subjectId": subject, "name": name, "content": f"About {name}."},
        )["id"]
        for name in TOPICS
    ]
    film = {"video": ("lesson.mp4", sample("mp4"))}
    server.ask("PUT", f"{education}/topics/{topics[0]}/video", "mentor", files=film)
    for name in ("one.txt", "two.txt"):
        form = {"files": {"file": (name, f"The text of {name}".encode())}}
        server.ask("POST", "/s3/document/upload", "mentor", data={"topicId": topics[0]}, **form)
    server.ask("DELETE", f"{education}/topics/{topics[-1]}", "admin")
    metadata = "kind ZG9jdW1lbnQ=,filename YS50eHQ="
    begin = {
        "headers": TUS | {"Upload-Metadata": metadata + _topic(topics[0]), "Upload-Length": "9"},
    }
    server.ask("POST", "/uploads", "mentor", **begin)
    return subject


def _topic(topic: str) -> str:
    return f",topicId {base64.b64encode(topic.encode()).decode()}"


def _people(server: OldServer) -> None:
    server.ask("PUT", "/auth/profile", "user_ada", json={"firstName": "Åda", "lastName": "Öberg"})
    server.ask("PUT", "/auth/profile", "user_bo", json={"firstName": "Bo", "lastName": "Agren"})
    server.event(1, "user.created", _person("user_kofi", "Kofi", username="kofi_m"))
    server.event(2, "user.created", _person("user_left", "Left"))
    server.event(3, "user.deleted", {"id": "user_left", "deleted": True})
    server.event(4, "session.ended", {"id": "sess_old", "user_id": "user_kofi", "status": "ended"})
    server.event(5, "user.updated", {"id": ["no text"]})
    server.event(6, "user.updated", {"id": "user_kofi", "email_addresses": "none"})


def _person(clerk_id: str, name: str, **more: str) -> dict[str, object]:
    address = {
        "id": "idn_1",
        "email_address": f"{name}@example.com",
        "verification": {"status": "verified"},
    }
    return {
        "id": clerk_id,
        "first_name": name,
        "last_name": "Mensah",
        "primary_email_address_id": "idn_1",
        "email_addresses": [address],
        "updated_at": 1,
        **more,
    }


def _decisions(server: OldServer, subject: str) -> None:
    def asked(who: str) -> str:
        body = {"subjectId": subject, "message": "Please."}
        key = {"Idempotency-Key": f"ask-{who}"}
        request = server.ask("POST", "/enrollment/request", who, json=body, headers=key)
        return str(request["id"])

    requests = {who: asked(f"user_{who}") for who in ("ada", "bo", "cora", "dan")}
    server.ask("PUT", f"/admin/enrollment/{requests['ada']}/approve", "admin")
    reject = {"json": {"reason": "Full."}}
    server.ask("PUT", f"/admin/enrollment/{requests['bo']}/reject", "admin", **reject)
    server.ask("POST", f"/enrollment/{requests['cora']}/cancel", "user_cora")
    applied = {
        who: server.ask(
            "POST", "/mentor/apply", f"user_{who}", json={"motivation": "I like to explain."}
        )["id"]
        for who in ("bo", "cora", "dan")
    }
    server.ask("PUT", f"/admin/mentor/{applied['bo']}/approve", "admin")
    server.ask("PUT", f"/admin/mentor/{applied['cora']}/reject", "admin", **reject)
    cora = server.ask("GET", "/auth/profile", "user_cora")["id"]
    server.ask("PUT", f"/users/{cora}", "admin", json={"status": "SUSPENDED"})


def dump(url: str) -> bytes:
    """Return the database as SQL without the commands of psql, with all rows as INSERTs."""
    command = [str(find_programs(None).folder / "pg_dump"), "--inserts", "--no-owner"]
    text = subprocess.run([*command, url], check=True, stdout=subprocess.PIPE).stdout
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(b"\\")]
    return b"".join(lines)


def report(url: str) -> None:
    """Print how many rows each table has."""
    with psycopg.connect(url) as db:
        names = db.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (name,) in sorted(names):
            row = db.execute(f"select count(*) from {name}".encode()).fetchone()
            sys.stdout.write(f"{name}: {row and row[0]}\n")


def main(checkout: Path, name: str) -> None:
    SCHOOLS.mkdir(exist_ok=True)
    with passable_folder() as folder:
        (folder / "database").mkdir(mode=0o755)
        postgres = start_postgres(folder / "database")
        url = create_database(postgres.url, "school")
        try:
            with OldServer(checkout, folder, url) as server:
                fill(server)
                server.command("backup", str(folder / "school.tar"))
                sql = dump(url)
                report(url)
        finally:
            postgres.stop()
        archive = (folder / "school.tar").read_bytes()
    for suffix, content in (("sql", sql), ("tar", archive)):
        packed = gzip.compress(content, 9, mtime=0)
        (SCHOOLS / f"{name}.{suffix}.gz").write_bytes(packed)
        sys.stdout.write(f"{name}.{suffix}.gz: {len(packed)} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
