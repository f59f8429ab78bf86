"""An independent judge of HTTP finds no fault in how files are sent."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.library.school import MIB, add_topic, put_video, sample, upload, uploaded, video
from tests.parts.server import Server

# Prints category, level and text of each note. It has an event loop of its own, hence a process.
SCRIPT = """
import json
import sys
from configparser import ConfigParser

import thor
from redbot.resource import HttpResource


def main(address: str, authorization: str) -> None:
    parser = ConfigParser()
    parser.read_dict({"redbot": {"enable_local_access": "true"}})
    resource = HttpResource(parser["redbot"])
    resource.set_request(address, headers=[("Authorization", authorization)])
    thor.events.on(resource, "check_done")(thor.stop)
    resource.check()
    thor.run()
    notes = [*resource.request.notes, *resource.response.notes]
    found = [(note.category.name, note.level.name, str(note.summary)) for note in notes]
    sys.stdout.write(json.dumps({"status": resource.response.status_code, "notes": found}))


main(*sys.argv[1:])
"""


def notes(api: Server, path: str) -> list[tuple[str, str, str]]:
    authorization = api.headers("admin")["Authorization"]
    command = [sys.executable, "-c", SCRIPT, api.url + path, authorization]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["status"] == 200
    return [tuple(note) for note in found["notes"]]


@pytest.mark.parametrize("kind", ["document", "picture", "video"])
def test_ranges_tags_and_caching_are_right(api: Server, kind: str) -> None:
    topic = add_topic(api)
    if kind == "video":
        path = uploaded(put_video(api, topic, video(MIB)))["videoUrl"]
    elif kind == "picture":
        path = uploaded(upload(api, topic, "a.png", sample("png")))["url"]
    else:
        path = uploaded(upload(api, topic, "a.txt", b"Two and two.\n" * 100_000))["url"]
    found = notes(api, path)
    texts = [text for _, _, text in found]
    assert any("ranged request returned the correct partial content" in text for text in texts)
    assert any("If-None-Match conditional requests are supported" in text for text in texts)
    assert any("If-Modified-Since conditional requests are supported" in text for text in texts)
    judged = {"RANGE", "VALIDATION", "CACHING", "CONNECTION", "CONNEG"}
    assert [note for note in found if note[0] in judged and note[1] not in ("GOOD", "INFO")] == []
