"""The snippets of the page for developers work as they stand, with this server's address."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape

from tests.house.project import ROOT
from tests.learning.school import add_subject
from tests.parts.server import Server
from tests.web.visitor import signed_in

SNIPPET = re.compile(r"<pre><code>(.*?)</code></pre>", re.DOTALL)
TOKEN = re.compile(r'<code id="token">([^<]+)</code>')
OPTIONS = ROOT / "sdk" / "typescript" / "src" / "client.ts"


def test_the_snippets_work(api: Server) -> None:
    add_subject(api)
    page = signed_in(api, "learner").get("/developers").text
    python, typescript = (unescape(each) for each in SNIPPET.findall(page))
    token = TOKEN.findall(page)[0]
    done = subprocess.run(
        [sys.executable, "-c", python.replace('"..."', repr(token))],
        env={"PYTHONPATH": str(ROOT / "sdk" / "python")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip()
    declared = re.search(
        r"interface (?:Client)?Options \{(.*?)\n\}", OPTIONS.read_text(), re.DOTALL
    )
    names = re.findall(r"(\w+): \"", typescript)
    assert declared
    assert names == ["baseURL", "token"]
    assert all(re.search(rf"^  {name}\??:", declared[1], re.MULTILINE) for name in names)
    assert f'"{api.url}/api"' in typescript
