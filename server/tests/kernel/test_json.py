from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akako.kernel.core.errors import BadRequest
from akako.kernel.core.validation.json import MAX_DEPTH, decode_object, encode

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**19) + 1, 10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text('abc"\\[{'), inner)
)


def reason(raw: bytes) -> str:
    with pytest.raises(BadRequest) as caught:
        decode_object(raw)
    return str(caught.value.details["reason"])


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "invalid_json"),
        (b"  ", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b"null", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a":1,}', "invalid_json"),
        (b"{'a':1}", "invalid_json"),
        (b'{"a":1} x', "invalid_json"),
        (b'{"a":"\n"}', "invalid_json"),
        (b'{"a":NaN}', "invalid_json"),
        (b'{"a":Infinity}', "invalid_json"),
        (b'{"a":-Infinity}', "invalid_json"),
        (b'{"a":1e400}', "invalid_json"),
        (b'{"a":-1e400}', "invalid_json"),
        (b'{"a":' + b"9" * 20 + b"}", "invalid_json"),
        (b'{"a":' + b"9" * 5000 + b"}", "invalid_json"),
        (b'{"a":01}', "invalid_json"),
        (b'{"role":"LEARNER","role":"ADMIN"}', "duplicate_keys"),
        (b'{"a":{"b":1,"\\u0062":2}}', "duplicate_keys"),
        (b'\xef\xbb\xbf{"a":1}', "invalid_encoding"),
        ('{"a":"é"}'.encode("latin-1"), "invalid_encoding"),
        ('{"a":1}'.encode("utf-16"), "invalid_encoding"),
        ('{"a":1}'.encode("utf-16-le"), "invalid_encoding"),
        ('{"a":1}'.encode("utf-32-be"), "invalid_encoding"),
        (b'{"a":"\xed\xa0\x80"}', "invalid_encoding"),
        (b'{"a":"\\ud800"}', "invalid_encoding"),
        (b'{"a":["\\uDC00\\uD800"]}', "invalid_encoding"),
        (b'{"\\udfff":1}', "invalid_encoding"),
        (nested(MAX_DEPTH + 1), "too_deep"),
        (b'{"a":' + b"[" * 30_000, "too_deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
    ],
)
def test_refuses_what_is_not_strict_json(raw: bytes, expected: str) -> None:
    assert reason(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a":1}\n', {"a": 1}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a":"\\\\ud800"}', {"a": "\\ud800"}),
        ('{"a":"é😀"}'.encode(), {"a": "é😀"}),
        (b'{"a":9999999999999999999}', {"a": 9999999999999999999}),
        (b'{"a":-9999999999999999999}', {"a": -9999999999999999999}),
        (b'{"a":"\\u0000"}', {"a": "\0"}),
        (b'{"__proto__":1,"constructor":2}', {"__proto__": 1, "constructor": 2}),
        (b'{"a":"' + b"[" * 500 + b'\\"{{"}', {"a": "[" * 500 + '"{{'}),
    ],
)
def test_accepts_ordinary_json(raw: bytes, expected: dict[str, Any]) -> None:
    assert decode_object(raw) == expected


def test_accepts_the_greatest_depth() -> None:
    assert decode_object(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))


def test_depth_counts_what_is_open_not_what_was() -> None:
    assert decode_object(b'{"a":[' + b"[]," * 200 + b"[]]}")["a"] == [[]] * 201


def test_integers_and_floats_keep_their_kind() -> None:
    value = decode_object(b'{"i":1,"f":1.0,"e":1e2,"n":-0}')
    assert {key: type(each) for key, each in value.items()} == {
        "i": int, "f": float, "e": float, "n": int,
    }  # fmt: skip


def test_an_unclosed_string_of_escapes_is_refused_in_linear_time() -> None:
    assert reason(b"{" * 20 + b'["' + b'\\"' * 500_000) == "too_deep"
    assert reason(b'{"a":["' + b"[" * 30 + b'\\"' * 500_000) == "invalid_json"


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_bytes_never_raise_anything_else(raw: bytes) -> None:
    try:
        value = decode_object(raw)
    except BadRequest:
        return
    assert value == json.loads(raw)


@given(st.text('{}[]",:\\u0d8eE-+.1N ', max_size=60))
@settings(deadline=None)
def test_json_like_text_never_raises_anything_else(text: str) -> None:
    try:
        value = decode_object(text.encode())
    except BadRequest:
        return
    assert value == json.loads(text)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner)) if inner else int(isinstance(value, (dict, list)))


@given(st.dictionaries(st.text('abc[{"'), values, max_size=5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_agrees_with_the_standard_library(value: dict[str, Any], ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    if depth(value) > MAX_DEPTH:
        assert reason(raw) == "too_deep"
    else:
        # Compared as text, which tells 1 from 1.0 and 0.0 from -0.0.
        assert json.dumps(decode_object(raw)) == json.dumps(value)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), scalars, max_size=5))
@settings(deadline=None)
def test_what_encode_writes_is_read_back(value: dict[str, Any]) -> None:
    assert decode_object(encode(value)) == value
