"""Build the example of a request body from the examples of its fields."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def from_fields(schema: Schema) -> Any:
    """Return an example body, or None if a required field has no example.

    Dates are left out, because a fixed one becomes invalid. Nullable fields are left out unless the
    body has no others.
    """
    required = set(schema.get("required", ()))
    properties: Schema = schema.get("properties", {})
    fields = {name: each for name, each in properties.items() if "readOnly" not in each}
    # The last value of an enum: trying the example out should not assign the role ADMIN.
    plain = {
        name: (_examples(each) or each["enum"][-1:])[0]
        for name, each in fields.items()
        if _examples(each) or (name in required and "enum" in each)
    }
    if not required <= plain.keys():
        return None
    return plain or _nullable(fields) or None


def _nullable(fields: Schema) -> Schema:
    found = {name: _examples(each["anyOf"][0]) for name, each in fields.items() if "anyOf" in each}
    return {name: examples[0] for name, examples in found.items() if examples}


def _examples(field: Schema) -> list[Any]:
    return [] if field.get("format") == "date-time" else field.get("examples", [])
