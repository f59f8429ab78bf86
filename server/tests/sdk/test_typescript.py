"""The TypeScript SDK as its users get it: built, packed, installed, and run against a server."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from akako.main import openapi
from tests.conftest import StartServer

REPOSITORY = Path(__file__).parents[3]
PACKAGE = REPOSITORY / "sdk" / "typescript"
MAX_GZIPPED = 12 * 1024

# What is for machines alone needs no method.
WITHOUT_METHOD = {"live", "ready", "receiveClerkWebhook"}
METHODS = {
    "syncUser": "auth.sync",
    "getProfile": "auth.getProfile",
    "updateProfile": "auth.updateProfile",
    "listUsers": "users.getUsers",
    "getUser": "users.getUser",
    "updateUser": "users.updateUser",
    "assignRole": "users.assignRole",
    "removeRole": "users.removeRole",
    "listAuditEntries": "audit.getEntries",
    "listLevels": "education.getLevels",
    "listGrades": "education.getGrades",
    "listSubjects": "education.getSubjects",
    "listTopics": "education.getTopics",
    "getTopic": "education.getTopic",
    "createLevel": "education.createLevel",
    "updateLevel": "education.updateLevel",
    "deleteLevel": "education.deleteLevel",
    "createGrade": "education.createGrade",
    "updateGrade": "education.updateGrade",
    "deleteGrade": "education.deleteGrade",
    "createSubject": "education.createSubject",
    "updateSubject": "education.updateSubject",
    "deleteSubject": "education.deleteSubject",
    "createTopic": "education.createTopic",
    "updateTopic": "education.updateTopic",
    "deleteTopic": "education.deleteTopic",
    "getQuota": "plans.getQuota",
    "setOrganizationPlan": "plans.setOrganizationPlan",
    "uploadDocument": "files.uploadDocument",
    "listDocuments": "files.getDocuments",
    "streamDocument": "files.streamDocument",
    "deleteDocument": "files.deleteDocument",
    "uploadVideo": "videos.uploadVideo",
    "deleteVideo": "videos.deleteVideo",
    "playVideo": "videos.playVideo",
    "requestEnrollment": "enrollment.requestEnrollment",
    "listMyEnrollments": "enrollment.getMyEnrollments",
    "cancelEnrollment": "enrollment.cancelEnrollment",
    "listPendingEnrollments": "enrollment.getPendingEnrollments",
    "approveEnrollment": "enrollment.approveEnrollment",
    "rejectEnrollment": "enrollment.rejectEnrollment",
    "decideEnrollments": "enrollment.decideEnrollments",
    "reopenEnrollment": "enrollment.reopenEnrollment",
    "applyAsMentor": "mentors.apply",
    "listMyApplications": "mentors.getMyApplications",
    "listPendingApplications": "mentors.getPendingApplications",
    "approveApplication": "mentors.approveApplication",
    "rejectApplication": "mentors.rejectApplication",
}


def run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK, built in a copy of its folder."""
    folder = tmp_path_factory.mktemp("sdk") / "typescript"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    run(folder, "npm", "ci", "--no-audit", "--no-fund")
    run(folder, "npm", "run", "check")
    run(folder, "npm", "run", "build")
    return folder


@pytest.mark.timeout(300)
def test_it_is_small_and_its_types_are_those_of_the_api(package: Path, tmp_path: Path) -> None:
    code = b"".join(each.read_bytes() for each in (package / "dist" / "esm").glob("*.js"))
    assert len(gzip.compress(code)) < MAX_GZIPPED
    described, generated = tmp_path / "openapi.json", tmp_path / "schema.ts"
    described.write_bytes(openapi())
    generator = str(package / "node_modules" / ".bin" / "openapi-typescript")
    run(package, generator, str(described), "-o", str(generated))
    assert generated.read_text() == (PACKAGE / "src" / "schema.ts").read_text()


@pytest.mark.timeout(300)
def test_every_operation_has_a_method(package: Path) -> None:
    document = json.loads(openapi())
    operations = {
        each["operationId"]
        for path in document["paths"].values()
        for each in path.values()
        if isinstance(each, dict) and "operationId" in each
    }
    assert operations - WITHOUT_METHOD == set(METHODS)
    script = (
        "import { AkakoAPI } from '@akako/lms-sdk';"
        "const api = new AkakoAPI({ baseURL: 'https://akako.example.com/api' });"
        f"const names = {json.dumps(sorted(METHODS.values()))};"
        "const there = (name) => typeof name.split('.').reduce((o, k) => o?.[k], api);"
        "console.log(JSON.stringify(names.filter((name) => there(name) !== 'function')));"
    )
    assert json.loads(run(package, "node", "--input-type=module", "-e", script)) == []


@pytest.mark.timeout(300)
def test_packed_and_installed_it_tells_the_story(
    package: Path, start_server: StartServer, tmp_path: Path
) -> None:
    packed = run(package, "npm", "pack", "--silent").strip().splitlines()[-1]
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    run(tmp_path, "npm", "install", "--no-audit", "--no-fund", str(package / packed))
    shutil.copytree(package / "test", tmp_path / "test")
    server = start_server()
    tokens = {who: server.token(who) for who in ("admin", "mentor", "learner")}
    output = run(
        tmp_path,
        *("node", "--test", "test/"),
        AKAKO_URL=server.url,
        AKAKO_TOKENS=json.dumps(tokens),
    )
    assert "# fail 0" in output
