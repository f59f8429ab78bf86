"""Write the Postman collection and its environment from openapi.json and the story.

    python contract/postman.py [FOLDER]

FOLDER: the output folder, by default the one of openapi.json. Equal input gives equal bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from story import FOLDERS
from story.step import Json, Step

HERE = Path(__file__).parent
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
COLLECTION_ID = "4b0c2f1e-6a55-4d0e-9a3b-0f6a3c1d7e21"
ENVIRONMENT_ID = "d1f7a8c4-2e93-4b76-8f50-6c9e0b2a4d18"

ABOUT = """\
Every operation of the Akako LMS API, in the order of a story: the requests build a school, use it
and take it away again. Run all of them in order, or pick one after the ones before it ran.

Fill in the environment first: `baseUrl`, which ends in `/api` as in the SDKs, and a token for each
of the three roles. On a development server `akako token --as admin` (mentor, learner) prints them.
`webhookSecret` is the secret that a development server accepts; for another server it is one of
`AKAKO_CLERK_WEBHOOK_SECRETS`. The files to upload are in `files/`, beside the collection: make its
folder Postman's working directory.
"""

# The defaults of a development server, which accepts this webhook secret.
ENVIRONMENT = {
    "baseUrl": ("http://127.0.0.1:8000/api", "default"),
    "adminToken": ("", "secret"),
    "mentorToken": ("", "secret"),
    "learnerToken": ("", "secret"),
    "learnerClerkId": ("user_123", "default"),
    "learnerEmail": ("test@example.com", "default"),
    "webhookSecret": ("whsec_ZXhhbXBsZSBmb3IgZGV2ZWxvcG1lbnQ=", "secret"),
}

# The health checks are outside of `/api`.
EVERY_REQUEST = [
    "const api = pm.variables.get('baseUrl').replace(/\\/+$/, '');",
    "if (!api.endsWith('/api')) {",
    "    throw new Error(`baseUrl must end in /api, such as http://127.0.0.1:8000/api: ${api}`);",
    "}",
    "pm.variables.set('server', api.slice(0, -'/api'.length));",
]
EVERY_ANSWER = [
    "pm.test('can be traced, names its version and cannot be misread', () => {",
    "    pm.expect(pm.response.headers.get('X-Request-Id')).to.match(/^[A-Za-z0-9._-]{1,64}$/);",
    "    pm.expect(pm.response.headers.get('X-API-Version')).to.match(/^\\d{4}-\\d\\d-\\d\\d$/);",
    "    pm.expect(pm.response.headers.get('X-Content-Type-Options')).to.equal('nosniff');",
    "});",
    # The story has more requests than the general limit allows in a minute.
    "if (pm.response.headers.get('X-RateLimit-Remaining') === '0') {",
    "    const reset = Number(pm.response.headers.get('X-RateLimit-Reset')) * 1000;",
    "    setTimeout(() => {}, Math.max(0, reset - Date.now()));",
    "}",
]


class Operation:
    """An operation of the document, with the schemas and headers of its responses."""

    def __init__(self, document: Json, path: str, method: str) -> None:
        self._document = document
        self._described = document["paths"][path][method]
        self.path, self.method = path, method.upper()
        self.about = f"{self._described['summary']}\n\n{self._described['description']}".strip()
        self.successes = tuple(int(each) for each in self._described["responses"] if each < "300")

    def _resolve(self, value: Json) -> Json:
        target: Json = self._document
        if "$ref" not in value:
            return value
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return target

    def _answer(self, status: int) -> Json:
        return self._resolve(self._described["responses"][str(status)])

    def headers(self, status: int) -> list[str]:
        """Return the headers that a response with this status always has."""
        found = self._answer(status).get("headers", {})
        return [name for name, each in found.items() if self._resolve(each).get("required")]

    def shape(self, status: int) -> Json | None:
        """Return the schema of the JSON response, or None for a file or an empty body."""
        content = self._answer(status).get("content", {})
        return content["application/json"]["schema"] if "application/json" in content else None

    def answers_a_file(self, status: int) -> bool:
        return "*/*" in self._answer(status).get("content", {})

    def is_array(self, status: int) -> bool:
        """Return whether `data` is an array without pages."""
        shape = self.shape(status) or {}
        data = self._resolve(shape["properties"]["data"])
        return data.get("type") == "array" and "pagination" not in shape["properties"]

    def keys(self, status: int) -> list[str]:
        """Return the required keys of `data`, or of each item of a list."""
        data = self._resolve((self.shape(status) or {})["properties"]["data"])
        return list(self._resolve(data.get("items", data)).get("required", []))


def operations(document: Json) -> dict[str, Operation]:
    return {
        each["operationId"]: Operation(document, path, method)
        for path, item in document["paths"].items()
        for method, each in item.items()
    }


def tests(step: Step, operation: Operation) -> Iterator[str]:
    """Return the test script of a request."""
    statuses = step.status or operation.successes[:1]
    name = f"status {' or '.join(map(str, statuses))}"
    yield from _test(name, f"pm.expect(pm.response.code).to.be.oneOf({list(statuses)});")
    required = [f"pm.response.to.have.header('{each}');" for each in operation.headers(statuses[0])]
    yield from _test("has the headers", *required)
    shape = operation.shape(statuses[0])
    if shape is None:
        if operation.answers_a_file(statuses[0]):
            yield from _test("is a file", *FILE_CHECKS)
        yield from _own(step)
        return
    yield "const answer = pm.response.json();"
    if step.details is not None:
        yield from _refusal(step.details)
        return
    yield "const result = answer.data;"
    keys = operation.keys(statuses[0])
    if operation.is_array(statuses[0]):
        yield from _array(keys)
    else:
        yield from _envelope(keys, is_list="pagination" in shape["properties"])
    yield from _own(step)


def _own(step: Step) -> Iterator[str]:
    """Return the checks and variables of the step itself."""
    for name, condition in step.checks.items():
        yield from _test(name, f"pm.expect({condition}).to.equal(true);")
    for variable, value in step.keep.items():
        yield f"pm.collectionVariables.set('{variable}', {value});"


FILE_CHECKS = (
    "pm.response.to.have.header('Content-Disposition');",
    "pm.response.to.have.header('ETag');",
    "pm.expect(pm.response.headers.get('Accept-Ranges')).to.equal('bytes');",
    "pm.expect(pm.response.responseSize).to.be.above(0);",
)


def _test(name: str, *lines: str) -> Iterator[str]:
    if lines:
        yield f"pm.test('{name}', () => {{"
        yield from (f"    {line}" for line in lines)
        yield "});"


def _array(keys: list[str]) -> Iterator[str]:
    yield from _test(
        "is an envelope around an array",
        "pm.expect(Object.keys(answer)).to.eql(['success', 'data', 'message']);",
        "pm.expect(answer.success).to.equal(true);",
        f"result.forEach((each) => pm.expect(each).to.include.all.keys({json.dumps(keys)}));",
    )


def _envelope(keys: list[str], *, is_list: bool) -> Iterator[str]:
    if not is_list:
        yield from _test(
            "is an envelope around one object",
            "pm.expect(Object.keys(answer)).to.eql(['success', 'data', 'message']);",
            "pm.expect(answer.success).to.equal(true);",
            f"pm.expect(result).to.include.all.keys({json.dumps(keys)});"
            if keys
            else "pm.expect(result).to.be.an('object');",
        )
        return
    yield from _test(
        "is an envelope around a page",
        "pm.expect(Object.keys(answer)).to.eql(['success', 'data', 'pagination']);",
        "pm.expect(answer.success).to.equal(true);",
        "pm.expect(Object.keys(answer.pagination)).to.eql(",
        "    ['page', 'limit', 'total', 'pages', 'hasNext', 'hasPrev']);",
        f"result.forEach((each) => pm.expect(each).to.include.all.keys({json.dumps(keys)}));",
    )


def _refusal(details: Json) -> Iterator[str]:
    expected = f"JSON.parse(pm.variables.replaceIn({json.dumps(json.dumps(details))}))"
    yield from _test(
        "is an error that says what is wrong",
        "pm.expect(Object.keys(answer)).to.eql(['success', 'error', 'code', 'details']);",
        "pm.expect(answer.success).to.equal(false);",
        f"pm.expect(answer.details).to.eql({expected});",
    )


def request(step: Step, operation: Operation) -> Json:
    headers = dict(step.headers)
    if step.body is not None:
        headers = {"Content-Type": "application/json", **headers}
    made: Json = {
        "method": operation.method,
        "header": [{"key": name, "value": value} for name, value in headers.items()],
        "url": _url(step, operation),
        "auth": _auth(step.who),
        "description": operation.about,
    }
    if step.text is not None:
        made["body"] = {"mode": "raw", "raw": step.text}
    if step.body is not None:
        text = json.dumps(step.body, indent=2)
        made["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    if step.files is not None:
        made["body"] = {"mode": "formdata", "formdata": [*_parts(step.files)]}
    return made


def _auth(who: str | None) -> Json:
    if who is None:
        return {"type": "noauth"}
    token = {"key": "token", "value": f"{{{{{who}}}}}", "type": "string"}
    return {"type": "bearer", "bearer": [token]}


def _parts(fields: Json) -> Iterator[Json]:
    for name, value in fields.items():
        if value.startswith("files/"):
            yield {"key": name, "type": "file", "src": value}
        else:
            yield {"key": name, "type": "text", "value": value}


def _url(step: Step, operation: Operation) -> Json:
    parts = [
        f":{part[1:-1]}" if part.startswith("{") else part
        for part in operation.path.strip("/").split("/")
    ]
    query = "&".join(f"{name}={value}" for name, value in step.query.items())
    host = "{{baseUrl}}" if parts[0] == "api" else "{{server}}"
    parts = parts[1:] if parts[0] == "api" else parts
    raw = "/".join([host, *parts]) + (f"?{query}" if query else "")
    url: Json = {"raw": raw, "host": [host], "path": parts}
    if query:
        url["query"] = [{"key": name, "value": value} for name, value in step.query.items()]
    if step.path:
        url["variable"] = [{"key": name, "value": value} for name, value in step.path.items()]
    return url


def item(step: Step, operation: Operation) -> Json:
    events = [_event("test", tests(step, operation))]
    if step.before:
        events.insert(0, _event("prerequest", step.before))
    return {
        "name": step.title,
        "event": events,
        "request": request(step, operation),
        "response": [],
    }


def _event(when: str, lines: Any) -> Json:
    return {"listen": when, "script": {"type": "text/javascript", "exec": list(lines)}}


def collection(document: Json) -> Json:
    """Build the collection. Exit with an error that names an operation without a step."""
    known = operations(document)
    steps = [step for steps in FOLDERS.values() for step in steps]
    missing = [name for name in known if name not in {step.operation for step in steps}]
    if missing:
        sys.exit(f"no step of contract/story requests {', '.join(missing)}")
    about = {each["name"]: each["description"] for each in document["tags"]}
    variables = sorted({name for step in steps for name in step.keep} | {"run"})
    return {
        "info": {
            "_postman_id": COLLECTION_ID,
            "name": "Akako LMS",
            "description": ABOUT,
            "version": document["info"]["version"],
            "schema": SCHEMA,
        },
        "item": [
            {
                "name": name,
                "description": about.get(name, "Leave the server as it was found."),
                "item": [item(step, known[step.operation]) for step in steps],
            }
            for name, steps in FOLDERS.items()
        ],
        "event": [_event("prerequest", EVERY_REQUEST), _event("test", EVERY_ANSWER)],
        "variable": [{"key": name, "value": "", "type": "string"} for name in variables],
    }


def environment() -> Json:
    values = [
        {"key": key, "value": value, "type": kind, "enabled": True}
        for key, (value, kind) in ENVIRONMENT.items()
    ]
    return {
        "id": ENVIRONMENT_ID,
        "name": "Akako LMS, development",
        "values": values,
        "_postman_variable_scope": "environment",
    }


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    document = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
    made = {"collection": collection(document), "environment": environment()}
    for name, content in made.items():
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (target / f"akako-lms.postman_{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
