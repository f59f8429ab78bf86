"""What the tests' own server looks at in every answer."""

from __future__ import annotations

import pytest

from tests.parts.server import INTERNAL


@pytest.mark.parametrize(
    "text",
    [
        '{"url": "documents/0199f3c2a7b84c0d9e0f112233445566/x"}',
        '{"error": "postgresql://akako:secret@127.0.0.1:5432/akako"}',
        '{"error": "Traceback (most recent call last)"}',
        '{"error": "asyncpg.exceptions.UndefinedTableError"}',
    ],
)
def test_an_answer_that_tells_too_much_is_noticed(text: str) -> None:
    assert INTERNAL.search(text)


@pytest.mark.parametrize(
    "text", ['{"url": "/api/s3/document/stream?documentId=0199f3c2"}', '{"error": "Not found"}']
)
def test_an_ordinary_answer_is_not(text: str) -> None:
    assert not INTERNAL.search(text)
