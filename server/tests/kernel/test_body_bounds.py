"""A request body that keeps the bounds of its fields is never refused for its size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import inspect

from akako.kernel.core import validation
from akako.kernel.http.endpoint import Endpoint
from akako.rooms import endpoints

LONGEST = "\U0001f600"  # 12 bytes in the escaped spelling, which many libraries send
ID = "a" * 64
MOMENT = "2026-01-31T08:00:00.123456789+00:00"
NUMBER = 12345.678901234567


def fullest(kind: inspect.Type) -> Any:
    """Return the value of a type with the longest JSON."""
    match kind:
        case inspect.Metadata():
            return fullest(kind.type)
        case inspect.UnionType():
            values = (fullest(each) for each in kind.types)
            return max(values, key=lambda value: len(json.dumps(value)))
        case inspect.LiteralType():
            return max(map(str, kind.values), key=len)
        case inspect.ListType():
            return [fullest(kind.item_type)] * (kind.max_length or 0)
        case inspect.StructType():
            return {each.encode_name: fullest(each.type) for each in kind.fields}
        case inspect.BoolType():
            return False
        case inspect.IntType() | inspect.FloatType():
            return NUMBER
        case inspect.StrType():
            return LONGEST * kind.max_length if kind.max_length else ID
        case inspect.DateTimeType() | inspect.DateType():
            return MOMENT
    return None


def with_bodies() -> list[Endpoint]:
    return [each for each in endpoints() if each.body and isinstance(each.body_limit, int)]


@pytest.mark.parametrize("endpoint", with_bodies(), ids=lambda each: each.name)
def test_the_fullest_body_is_within_the_limits(endpoint: Endpoint) -> None:
    assert endpoint.body
    raw = json.dumps(fullest(inspect.type_info(endpoint.body))).encode()
    size, limit = len(raw), endpoint.body_limit
    assert isinstance(limit, int)
    assert size <= limit
    decoded = validation.json.decode_object(raw, validation.most_elements(endpoint.body))
    names = decoded.keys()
    assert len(names) == len(endpoint.body.__struct_fields__)
