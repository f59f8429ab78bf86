"""A JSON body never blocks the event loop, however many members it has."""

from __future__ import annotations

import time

import pytest

from akako.kernel.core.errors import BadRequest
from akako.kernel.core.validation import json

SLOW_SECONDS = 0.25  # 330,000 members took 0.8 s before there was a limit


def fastest(raw: bytes) -> tuple[float, str]:
    """Return the shortest of three times, and the reason of the rejection."""
    times, reason = [], ""
    for _ in range(3):
        started = time.process_time()
        with pytest.raises(BadRequest) as refused:
            json.decode_object(raw)
        times.append(time.process_time() - started)
        reason = refused.value.details["reason"]
    return min(times), reason


@pytest.mark.parametrize(
    "raw",
    [
        b"{" + b",".join(b'"%d":1' % number for number in range(330_000)) + b"}",
        b'{"a":[' + b"1," * 500_000 + b"1]}",
        b'{"a":{' + b'"b":{},' * 200_000 + b'"c":1}}',
        b'{"a":[' + b"[]," * 300_000 + b"[]]}",
    ],
    ids=["members", "items", "objects", "lists"],
)
def test_many_elements_are_rejected_quickly(raw: bytes) -> None:
    seconds, reason = fastest(raw)
    assert seconds < SLOW_SECONDS
    assert reason == "too_many_elements"


def test_long_texts_with_commas_and_brackets_are_accepted() -> None:
    text = ",[{" * 50_000
    assert json.decode_object(json.encode({"content": text})) == {"content": text}
