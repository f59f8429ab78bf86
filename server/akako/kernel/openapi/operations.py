"""One operation of the document."""

from __future__ import annotations

import re
from http import HTTPStatus

from akako.kernel.http.csv import CSV
from akako.kernel.http.endpoint import JSON, Endpoint
from akako.kernel.openapi import examples, failures, headers, parameters, schemas
from akako.kernel.openapi.parameters import camel
from akako.kernel.openapi.schemas import Models, Schema

WHO = {
    "required": "For every signed-in caller.",
    "optional": "Public. A valid token may show more; an invalid token is ignored.",
    "checked": "Needs no token, but one that is sent must be valid.",
    "ignored": "Needs no token.",
    "link": "Needs no token: the link stands for the user for whom it was created.",
}
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "required": [{"bearerAuth": []}],
    "optional": [{}, {"bearerAuth": []}],
    "checked": [{}, {"bearerAuth": []}],
    "ignored": [],
    "link": [],
}


def path_of(endpoint: Endpoint) -> str:
    """Return the path with its parameters in camel case."""
    return re.sub(r"{(\w+)}", lambda found: f"{{{camel(found[1])}}}", endpoint.path)


def operation(endpoint: Endpoint, models: Models) -> Schema:
    access = endpoint.access
    who = f"Roles: {', '.join(access.roles)}." if access.roles else WHO[access.token]
    if access.plans:
        who += f" Plans: {', '.join(access.plans)}."
    described: Schema = {
        "operationId": camel(endpoint.name),
        "tags": [endpoint.tag.name] if endpoint.tag else [],
        "summary": endpoint.summary,
        "description": "\n\n".join(filter(None, [endpoint.description, who])),
        "security": SECURITY[access.token],
        "x-roles": list(access.roles),
    }
    if access.plans:
        described["x-plans"] = list(access.plans)
    if not endpoint.exempt:
        described["x-rate-limit-bucket"] = endpoint.bucket.name
    if found := parameters.parameters(endpoint):
        described["parameters"] = found
    if endpoint.media:
        described["requestBody"] = _request_body(endpoint, models)
    by_status = answers(endpoint, models)
    described["responses"] = {str(status): by_status[status] for status in sorted(by_status)}
    return described


def _request_body(endpoint: Endpoint, models: Models) -> Schema:
    schema: Schema = {"type": "object"}
    if endpoint.media != JSON:
        schema = schemas.BINARY
    whole = endpoint.form or {}
    if endpoint.form:
        schema = endpoint.form
    elif endpoint.body:
        schema = models.of[endpoint.body]
        whole = models.components[schema["$ref"].rpartition("/")[2]]
    content: Schema = {"schema": schema}
    if found := endpoint.example or examples.from_fields(whole):
        content["example"] = found
    return {"required": not endpoint.body_optional, "content": {str(endpoint.media): content}}


def answers(endpoint: Endpoint, models: Models) -> dict[int, Schema]:
    """Return the responses of an operation by status."""
    found = {status: _success(endpoint, status, models) for status in headers.successes(endpoint)}
    if headers.is_conditional(endpoint):
        known = {**headers.common(limited=True), **headers.refer("ETag")}
        found[304] = {"description": "The version in `If-None-Match` is current.", "headers": known}
    for status, kinds in failures.by_status(failures.possible(endpoint)).items():
        name = failures.response_name(kinds)
        found[status] = {"$ref": f"#/components/responses/{name}"}
        if endpoint.exempt:
            found[status] = failures.response(kinds, limited=False)
    return found


def _success(endpoint: Endpoint, status: int, models: Models) -> Schema:
    """Describe a success: a JSON body, the bytes of a file, or no body."""
    described = {
        "description": HTTPStatus(status).phrase,
        "headers": headers.of_success(endpoint, status),
    }
    if status == HTTPStatus.NO_CONTENT:
        return described
    # Files have their own types. Generators read the first one, which none of them misunderstands.
    content: Schema = {
        "application/octet-stream": {"schema": schemas.BINARY},
        "*/*": {"schema": schemas.BINARY},
    }
    if endpoint.returns is not None:
        content = {JSON: {"schema": schemas.answer(endpoint, models)}}
    if endpoint.csv:
        content[CSV] = {"schema": {"type": "string"}}
    return {**described, "content": content}
