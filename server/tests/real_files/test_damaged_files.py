"""Damaged files are accepted or rejected with 415, in less than a second."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.library.school import MIB, add_topic, put_video, upload
from tests.parts.samples import ALL_TYPES, is_refused, sample
from tests.parts.server import Server
from tests.real_files.documents import DOCUMENTS
from tests.real_files.media import MEDIA
from tests.real_files.test_real_files import TYPES, written
from tests.real_files.users import ALTERED, TEXTS

NAMES = [*DOCUMENTS, *MEDIA, *ALTERED, *TEXTS]


def content_of(name: str) -> bytes:
    return TEXTS[name][0] if name in TEXTS else written(name)


def damaged(content: bytes, source: random.Random) -> Iterator[bytes]:
    """Yield truncations, files with flipped bits and files with bytes of another value."""
    for _ in range(15):
        yield content[: source.randrange(len(content))]
        flipped = bytearray(content)
        for _ in range(source.choice((1, 8))):
            flipped[source.randrange(len(content))] ^= 1 << source.randrange(8)
        yield bytes(flipped)
    # Headers and directories are at the ends.
    for at in (*range(min(48, len(content))), *range(-min(48, len(content)), 0)):
        for value in (0, 0xFF):
            changed = bytearray(content)
            changed[at] = value
            yield bytes(changed)


@pytest.mark.parametrize("name", NAMES)
def test_every_damage_is_judged_quickly(name: str) -> None:
    """Anything but UnsupportedMediaType would be a 500."""
    for each in damaged(content_of(name), random.Random(name)):
        started = time.process_time()
        assert is_refused(name, each) in {True, False}
        assert time.process_time() - started < 1


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=200)
def test_damage_of_any_kind(name: str, data: st.DataObject) -> None:
    content = content_of(name)
    at = data.draw(st.integers(0, len(content)))
    removed = data.draw(st.integers(0, 40))
    added = data.draw(st.binary(max_size=40))
    assert is_refused(name, content[:at] + added + content[at + removed :]) in {True, False}


@pytest.mark.parametrize("name", [f"sample.{ending}" for ending in ALL_TYPES])
def test_the_server_answers_201_or_415(api: Server, name: str) -> None:
    ending = name.rpartition(".")[2]
    content, topic, source = sample(ending), add_topic(api), random.Random(name)
    for _ in range(4):
        flipped = bytearray(content)
        flipped[source.randrange(min(len(content), 64))] ^= 1 << source.randrange(8)
        for each in (content[: source.randrange(1, len(content))], bytes(flipped)):
            send = put_video if TYPES[ending].startswith("video/") else None
            response = send(api, topic, each, name=name) if send else upload(api, topic, name, each)
            assert response.status_code in (200, 201, 415), response.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"\xff\xd8" + b"\xff\xe0\xff\xff" * 5_000_000),
        ("a.jpg", b"\xff\xd8" + b"\xff" * (20 * MIB)),
        ("a.docx", b"PK\x03\x04" + b"PK\x05\x06" * 5_000_000),
        ("a.odt", b"PK\x03\x04" + b"PK\x01\x02" * 5_000_000 + b"PK\x05\x06" + bytes(18)),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 22 + b"\x09" + bytes(20 * MIB)),
        ("a.pdf", b"%PDF-" + b"PK\x05\x06" * 5_000_000),
        ("a.txt", b"\xff\xfe" + "\u4e00".encode("utf-16-le") * (10 * MIB)),
        ("a.txt", b"caf\xe9 " * (4 * MIB)),
        ("a.webm", b"\x1a\x45\xdf\xa3\x42\x82" + b"\xec\x80" * (10 * MIB)),
        ("a.mov", b"\0\0\0\x08wide" * (2 * MIB)),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:6]),
)
def test_large_files_made_to_take_long(name: str, content: bytes) -> None:
    is_refused("warm.txt", b"up")
    started = time.process_time()
    assert is_refused(name, content) in {True, False}
    # The samples are fed in pieces of 1,000 bytes, which takes most of this.
    assert time.process_time() - started < 3
