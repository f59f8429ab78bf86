"""The OpenAPI 3.1 document, made from the declarations of the endpoints and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from akako import __version__
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.openapi import companions, failures, headers, parameters
from akako.kernel.openapi.operations import operation, path_of
from akako.kernel.openapi.schemas import collect

DESCRIPTION = """\
Learning management for schools: levels, grades, subjects and topics with their documents and
videos; enrollment of learners; mentors and their applications.

- **Responses** are JSON with `success`, `data` and `message`; lists have `pagination` instead of
  `message`. Errors have `error`, a `code` for programs, and `details`. New fields can appear at any
  time.
- **Authentication**: send Clerk's session token as a bearer token. The roles in the database of
  this server decide what the caller may do.
- **Queries**: enum values are case-insensitive. Booleans accept `true`, `false`, `1` and `0`.
- **Lists** take `page` and `limit`. To read a whole list, follow the `Link` header. Its cursor
  neither skips nor repeats rows when other rows are added.
- **Limits**: responses have `X-RateLimit-*` headers. After a 429, wait for `Retry-After` seconds.
- **Writes** accept an `Idempotency-Key`: the same request within 24 hours returns the first
  response and has no second effect. `If-Match` prevents that a change overwrites another one.
- **Methods**: `HEAD` works wherever `GET` does, and `OPTIONS` everywhere. Others are 405.

| Status | Code | Meaning |
|---|---|---|
"""
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A Clerk session token. In development, one printed by `akako token`.",
}


def tags(endpoints: Sequence[Endpoint]) -> list[dict[str, str]]:
    """Return the tags of these endpoints, in the order of their first use."""
    used = dict.fromkeys(each.tag for each in endpoints if each.tag)
    return [{"name": tag.name, "description": tag.description} for tag in used]


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The description of these endpoints, without the hidden ones. Equal input, equal bytes."""
    described = [each for each in endpoints if not each.hidden]
    told = [(each, failures.possible(each)) for each in described]
    known = failures.everywhere(described)
    kinds = [kind for kind in known if any(kind in each for _, each in told)]
    models = collect(described, failures.details_of(kinds))
    paths: dict[str, Any] = {}
    for each in described:
        path = paths.setdefault(path_of(each), {})
        path[each.method.lower()] = operation(each, models)
        for other in each.also:
            path[other.method.lower()] = companions.operation(each, other, models)
    named = {**models.components, **failures.schemas(kinds, known, models.of)}
    limited = [each for endpoint, each in told if not endpoint.exempt]
    special = headers.of_protocols(described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Akako LMS API",
            "version": __version__,
            "description": DESCRIPTION + failures.table(known),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": tags(described),
        "paths": paths,
        "components": {
            "securitySchemes": {"bearerAuth": BEARER},
            "parameters": parameters.SHARED,
            "headers": {**headers.SHARED, **special},
            "responses": failures.responses(limited),
            "schemas": dict(sorted(named.items())),
        },
    }
