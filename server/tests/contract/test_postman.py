"""The Postman collection is up to date, complete, and true when it is run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.contract.tools import CONTRACT, run

COLLECTION = CONTRACT / "akako-lms.postman_collection.json"
ENVIRONMENT = CONTRACT / "akako-lms.postman_environment.json"


def requests() -> Iterator[dict[str, Any]]:
    for folder in json.loads(COLLECTION.read_text())["item"]:
        yield from folder["item"]


def test_the_collection_is_what_the_generator_writes(tmp_path: Path) -> None:
    run(CONTRACT, sys.executable, "-B", "postman.py", str(tmp_path))
    for committed in (COLLECTION, ENVIRONMENT):
        message = f"{committed.name} is out of date: run `make contract`"
        assert (tmp_path / committed.name).read_text() == committed.read_text(), message


def path_of(request: dict[str, Any]) -> str:
    (host,) = request["url"]["host"]
    start = {"{{baseUrl}}": "/api", "{{server}}": ""}[host]
    return "/".join([start, *request["url"]["path"]])


def test_every_operation_is_requested_and_checked() -> None:
    document = json.loads((CONTRACT / "openapi.json").read_text())
    described = {
        (method.upper(), path.replace("{", ":").replace("}", ""))
        for path, item in document["paths"].items()
        for method in item
    }
    requested = {(each["request"]["method"], path_of(each["request"])) for each in requests()}
    assert requested == described
    for each in requests():
        script = "\n".join(each["event"][-1]["script"]["exec"])
        assert script.count("pm.test(") >= 2, each["name"]


def test_the_folders_are_the_areas_of_the_api() -> None:
    document = json.loads((CONTRACT / "openapi.json").read_text())
    names = [each["name"] for each in json.loads(COLLECTION.read_text())["item"]]
    assert names == [*(each["name"] for each in document["tags"]), "Afterwards"]


def test_every_file_to_upload_is_there() -> None:
    bodies = (each["request"].get("body", {}) for each in requests())
    named = {part["src"] for body in bodies for part in body.get("formdata", ()) if "src" in part}
    assert named
    assert all((CONTRACT / name).is_file() for name in named)


@pytest.mark.timeout(300)
def test_newman_finds_everything_as_promised(tools: Path, start_server: StartServer) -> None:
    values = {each["key"]: each["value"] for each in json.loads(ENVIRONMENT.read_text())["values"]}
    # The scripts wait where the next request would be rejected.
    limits = {"AKAKO_RATE_LIMIT_GENERAL": "140/60", "AKAKO_RATE_LIMIT_AUTH": "10/60"}
    server = start_server(limits, arguments=("--demo",))
    assert values["baseUrl"] == "http://127.0.0.1:8000/api"
    given = {"baseUrl": f"{server.url}/api"}
    given |= {f"{who}Token": server.token(who) for who in ("admin", "mentor", "learner")}
    variables = [part for name, text in given.items() for part in ("--env-var", f"{name}={text}")]
    report = tools / "report.json"
    run(
        tools,
        *("node_modules/.bin/newman", "run", COLLECTION.name, "-e", ENVIRONMENT.name),
        *("--working-dir", ".", "--timeout", "200000", *variables),
        *("--reporters", "json", "--reporter-json-export", str(report)),
    )
    result = json.loads(report.read_text())["run"]
    assert result["failures"] == []
    assert result["stats"]["requests"]["total"] == len(list(requests()))
    assert result["stats"]["assertions"]["total"] > 4 * result["stats"]["requests"]["total"]


@pytest.mark.timeout(300)
def test_redocly_has_nothing_to_say(tools: Path) -> None:
    assert "Your API description is valid" in run(tools, "npm", "run", "lint")
