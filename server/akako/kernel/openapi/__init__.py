"""The OpenAPI 3.1 document, made from the declarations of the endpoints and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from akako import __version__
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.openapi import companions, failures, headers, parameters
from akako.kernel.openapi.operations import operation, path_of
from akako.kernel.openapi.schemas import Schema, collect

DESCRIPTION = """\
Learning management for schools: levels, grades, subjects and topics with documents and videos;
enrollment, progress and notes of learners; mentors, analytics and webhooks.

- **Responses** are JSON: `success`, `data` and `message`; lists also have `pagination`. Errors have
  `error`, a stable `code`, and `details`. Fields may be added at any time.
- **Authentication**: send a Clerk session token as a bearer token. The roles that are effective
  now in this server's database decide what the caller may do.
- **Query parameters**: enum values are case-insensitive. Booleans accept `true`, `false`, `1` and
  `0`.
- **Lists** take `page` and `limit`. To read a whole list, follow the `Link` header: its
  cursor neither skips nor repeats a row when rows are added concurrently.
- **Rate limits**: every response has `X-RateLimit-*`; after a 429 wait for `Retry-After` seconds.
- **Writes** accept an `Idempotency-Key`: repeating the request within 24 hours returns the first
  response without a second effect. `If-Match` prevents overwriting a concurrent change.
- **Methods**: every `GET` endpoint accepts `HEAD`, every endpoint accepts `OPTIONS`; other methods
  are rejected with 405.

| Status | Code | Meaning |
|---|---|---|
"""
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A Clerk session token. In development, a token of `akako token`.",
}


def tags(endpoints: Sequence[Endpoint]) -> list[dict[str, str]]:
    """Return the tags of these endpoints, in the order of their first use."""
    used = dict.fromkeys(each.tag for each in endpoints if each.tag)
    return [{"name": tag.name, "description": tag.description} for tag in used]


def document(
    endpoints: Sequence[Endpoint],
    *,
    types: Sequence[type[msgspec.Struct]] = (),
    webhooks: Callable[[Mapping[Any, Schema]], Schema] | None = None,
) -> dict[str, Any]:
    """Describe these endpoints, without the hidden ones. Equal input returns equal bytes.

    `webhooks` returns the section of that name from the schemas of `types`.
    """
    described = [each for each in endpoints if not each.hidden]
    possible = [(each, failures.possible(each)) for each in described]
    known = failures.everywhere(described)
    kinds = [kind for kind in known if any(kind in each for _, each in possible)]
    models = collect(described, [*failures.details_of(kinds), *types])
    paths: dict[str, Any] = {}
    for each in described:
        path = paths.setdefault(path_of(each), {})
        path[each.method.lower()] = operation(each, models)
        for other in each.also:
            path[other.method.lower()] = companions.operation(each, other, models)
    named = {**models.components, **failures.schemas(kinds, known, models.of)}
    limited = [each for endpoint, each in possible if not endpoint.exempt]
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
        **({"webhooks": webhooks(models.of)} if webhooks else {}),
        "components": {
            "securitySchemes": {"bearerAuth": BEARER},
            "parameters": parameters.SHARED,
            "headers": {**headers.SHARED, **special},
            "responses": failures.responses(limited),
            "schemas": dict(sorted(named.items())),
        },
    }
