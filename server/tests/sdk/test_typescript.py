"""The TypeScript SDK as its users get it: small, alone, typed after the API, and sound."""

from __future__ import annotations

import gzip
import json
import shlex
import shutil
from pathlib import Path

import pytest

from akako.rooms import openapi
from tests.conftest import StartServer
from tests.sdk.packages import TYPESCRIPT, run

MAX_GZIPPED = 15 * 1024
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# Node.js 18 has the Web Crypto API, but not as a global.
LIKE_NODE_18 = "--no-experimental-global-webcrypto"

pytestmark = pytest.mark.timeout(300)


def test_it_is_small_and_needs_nothing(typescript: Path) -> None:
    installed = typescript / "consumer" / "node_modules"
    code = (installed / "@akako" / "lms-sdk" / "dist" / "esm" / "index.js").read_bytes()
    assert len(gzip.compress(code)) < MAX_GZIPPED
    assert [each.name for each in installed.iterdir() if each.name[0] != "."] == ["@akako"]
    assert [each.name for each in (installed / "@akako").iterdir()] == ["lms-sdk"]
    manifest = json.loads((installed / "@akako" / "lms-sdk" / "package.json").read_text())
    assert not manifest.keys() & {"dependencies", "peerDependencies", "optionalDependencies"}


def test_its_types_are_those_of_the_api(typescript: Path, tmp_path: Path) -> None:
    described, generated = tmp_path / "openapi.json", tmp_path / "schema.ts"
    described.write_bytes(openapi())
    script = json.loads((TYPESCRIPT / "package.json").read_text())["scripts"]["generate"]
    placed = script.replace("../../contract/openapi.json", str(described))
    generator, *options = shlex.split(placed.replace("src/schema.ts", str(generated)))
    package = typescript / "package"
    run(package, package / "node_modules" / ".bin" / generator, *options)
    message = "src/schema.ts is out of date: run `npm run generate` in sdk/typescript"
    assert generated.read_text() == (TYPESCRIPT / "src" / "schema.ts").read_text(), message


def test_its_own_tests_pass_against_a_server(typescript: Path, start_server: StartServer) -> None:
    tests = typescript / "consumer" / "test"
    shutil.copytree(TYPESCRIPT / "test", tests)
    server = start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})
    tokens = {who: server.token(who) for who in ("admin", "mentor", "learner")}
    tokens["extra"] = server.token(server.user("extra"))
    suites = sorted(str(path) for path in tests.glob("*.test.mjs"))
    assert len(suites) >= 7
    environment = {
        "AKAKO_URL": server.url,
        "AKAKO_TOKENS": json.dumps(tokens),
        "AKAKO_WEBHOOK_SECRET": SECRET,
    }
    output = run(tests.parent, "node", "--test", *suites, **environment)
    assert "# fail 0\n" in output
    assert "# skipped 0\n" in output
    old = [path for path in suites if "webhooks" in path or "troubles" in path]
    assert "# fail 0\n" in run(tests.parent, "node", LIKE_NODE_18, "--test", *old)
