"""Headers of the tus protocol, right ones and any others."""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.kernel.core.errors import ApiError, BadRequest, ValidationFailed
from akako.kernel.http.context import Context
from akako.uploads import headers

WRITTEN = st.text(st.characters(codec="latin-1"), max_size=60)
BASE64_LIKE = st.text("ABCabc019+/=, -_", max_size=60)
NAMES = ["kind", "topicId", "filename", "filetype", "name", "description", "other"]
# What a client may want to say of a file: no control characters, nothing unprintable.
PLAIN = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40)


def call(**lines: str) -> Context:
    """A request with these headers and nothing else."""
    given_lines = [
        (name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in lines.items()
    ]
    nothing = cast(Any, None)
    scope: Any = {"headers": given_lines}
    return Context(scope, nothing, id="x", db=nothing, dependencies=nothing)


@given(WRITTEN | st.integers(-3, 10**20).map(str))
def test_a_number_of_bytes_is_read_or_refused(text: str) -> None:
    for read, name in ((headers.read_length, "length"), (headers.read_offset, "offset")):
        try:
            number = read(call(**{f"upload_{name}": text}))
        except ValidationFailed:
            assert not (text.isascii() and text.isdigit() and len(text) <= 18)
        else:
            assert number == int(text)
            assert 0 <= number < 10**18


@given(WRITTEN | BASE64_LIKE)
def test_any_metadata_is_read_or_refused(text: str) -> None:
    with suppress(ApiError):
        assert headers.read_plan(text).topic_id


@given(st.dictionaries(st.sampled_from(NAMES), BASE64_LIKE | PLAIN, max_size=7), st.booleans())
def test_any_pairs_are_read_or_refused(pairs: dict[str, str], spaced: bool) -> None:
    comma = " , " if spaced else ","
    metadata = comma.join(f"{name} {_encoded(value)}" for name, value in pairs.items())
    with suppress(ApiError):
        plan = headers.read_plan(metadata)
        assert plan.topic_id == pairs["topicId"]


@given(filename=PLAIN, name=PLAIN, kind=st.sampled_from(["document", "video"]))
def test_what_clients_tell_is_understood(filename: str, name: str, kind: str) -> None:
    metadata = {"kind": kind, "topicId": "t1", "filename": filename, "name": name}
    plan = headers.read_plan(
        ",".join(f"{key} {_encoded(value)}" for key, value in metadata.items())
    )
    assert (plan.kind, plan.topic_id) == (kind, "t1")
    assert plan.filename
    assert plan.name


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@given(WRITTEN | BASE64_LIKE.map(lambda text: f"sha1 {text}"))
def test_any_checksum_is_read_or_refused(text: str) -> None:
    with suppress(BadRequest):
        checksum = headers.read_checksum(call(upload_checksum=text))
        assert checksum is not None
        assert checksum.algorithm in headers.ALGORITHMS
        assert checksum.digest


@pytest.mark.parametrize("algorithm", headers.ALGORITHMS)
@given(content=st.binary(max_size=40))
def test_a_checksum_is_read_back(algorithm: str, content: bytes) -> None:
    digest = hashlib.new(algorithm, content).digest()
    written = f"{algorithm} {base64.b64encode(digest).decode()}"
    checksum = headers.read_checksum(call(upload_checksum=written))
    assert checksum is not None
    assert (checksum.algorithm, checksum.digest) == (algorithm, digest)
