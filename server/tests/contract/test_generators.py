"""Common generators make clients of openapi.json that compile, and that work."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.contract.tools import CONTRACT, run
from tests.library.school import add_topic
from tests.parts.server import Server

PROGRAM = Path(__file__).with_name("generated_client.py")
# The generator does not know the media type of tus.
SETTINGS = "content_type_overrides:\n  application/offset+octet-stream: application/octet-stream\n"
ORVAL = {
    "akako": {
        "input": "./openapi.json",
        "output": {"target": "./orval/akako.ts", "client": "fetch", "mode": "single"},
    }
}
COMPILER = {
    "strict": True,
    "noEmit": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    "skipLibCheck": True,
}
# Uses the types of all three clients as an integrator does.
USES = """\
import { createLevel, uploadDocument } from './hey';
import { listLevels } from './orval/akako';
import type { components, paths } from './types';

export async function use(topicId: string): Promise<string> {
  const file = new Blob(['2 + 2 = 4']);
  const made = await uploadDocument({ body: { file, topicId } });
  const size: number | undefined = made.data?.data.size;
  const refused = await createLevel({ body: { name: 'Music' } });
  if (refused.error?.code === 'CONFLICT') return String(refused.error.details.field);
  const listed = await listLevels({ limit: 1 });
  const problem: components['schemas']['ConflictError']['code'] = 'CONFLICT';
  type Form = NonNullable<
    paths['/api/s3/document/upload']['post']['requestBody']
  >['content']['multipart/form-data'];
  const names: (keyof Form)[] = ['file', 'topicId'];
  return [size, problem, listed.status, ...names].join();
}
"""

pytestmark = pytest.mark.timeout(300)


def test_the_client_of_openapi_python_client_works(api: Server, tmp_path: Path) -> None:
    (tmp_path / "settings.yml").write_text(SETTINGS)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
    ]
    command += ["--path", CONTRACT / "openapi.json", "--output-path", tmp_path / "akako_generated"]
    binaries = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # the generator formats with ruff
    output = run(tmp_path, *command, "--config", "settings.yml", PATH=binaries)
    assert "WARNING" not in output.upper(), output
    program = shutil.copy(PROGRAM, tmp_path)
    arguments = (api.url, api.token("admin"), add_topic(api).id)
    assert run(tmp_path, sys.executable, program, *arguments) == ""


def test_the_clients_of_three_typescript_generators_compile(tools: Path) -> None:
    binaries = tools / "node_modules" / ".bin"
    (tools / "orval.config.cjs").write_text(f"module.exports = {json.dumps(ORVAL)};")
    run(tools, binaries / "openapi-ts", "-i", "openapi.json", "-o", "hey")
    run(tools, binaries / "orval", "--config", "orval.config.cjs")
    run(tools, binaries / "openapi-typescript", "openapi.json", "-o", "types.ts")
    for path in ("hey/types.gen.ts", "orval/akako.ts"):
        assert "file: Blob" in (tools / path).read_text(), path
    (tools / "uses.ts").write_text(USES)
    project = {"compilerOptions": COMPILER, "files": ["uses.ts"]}
    (tools / "tsconfig.json").write_text(json.dumps(project))
    run(tools, binaries / "tsc", "-p", "tsconfig.json")
