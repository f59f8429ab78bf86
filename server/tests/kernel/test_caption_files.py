"""Captions are WebVTT files in UTF-8."""

from __future__ import annotations

import pytest

from akako.filetypes.kinds import DOCUMENTS, EARLY_BYTES, Inspector
from akako.kernel.core.errors import PayloadTooLarge, UnsupportedMediaType
from tests.parts.samples import is_refused, kind_of

CUE = b"\n\n00:00.000 --> 00:02.000\nHello\n"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "content",
    [
        b"WEBVTT",
        b"WEBVTT\n",
        b"WEBVTT" + CUE,
        b"WEBVTT\r\n\r\n00:00.000 --> 00:02.000\r\nHello\r\n",
        b"WEBVTT\r\r00:00.000 --> 00:02.000\rHello\r",
        b"WEBVTT - Lesson 1" + CUE,
        b"WEBVTT\tLesson 1" + CUE,
        BOM + b"WEBVTT" + CUE,
        b"WEBVTT" + CUE + "Gr\u00fc\u00dfe".encode(),
        b"WEBVTT\n\n00:00.000 --> 00:02.000\n<script>alert(1)</script>\n",
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_captions(content: bytes, step: int) -> None:
    assert kind_of("a.vtt", content, step=step).mime == "text/vtt"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"WEBVT",
        b"webvtt" + CUE,
        b"WEBVTTX" + CUE,
        b"\nWEBVTT" + CUE,
        b" WEBVTT" + CUE,
        BOM + BOM + b"WEBVTT" + CUE,
        b"1\n00:00:00,000 --> 00:00:02,000\nHello\n",
        b"WEBVTT" + CUE + b"Gr\xfc\xdfe",
        b"WEBVTT" + CUE + b"\0",
        "\ufeffWEBVTT\n".encode("utf-16-le"),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_other_content_is_no_captions(content: bytes, step: int) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        kind_of("a.vtt", content, step=step)
    assert caught.value.details["reason"] == "content"


LONG = b"00:00.000 --> 00:02.000\n"


@pytest.mark.parametrize(
    "content",
    [
        LONG + b"x\n\n",
        LONG,  # each line with an arrow begins a cue
        LONG.replace(b"\n", b"\r"),
        b"0:00.000 --> 99:59:59.999\nx\n\n",
        b"00:00.000 --> unreadable\nx\n\n",
        b"00:00:01.500-->00:00:01.600 align:start\nx\n\n",
    ],
)
def test_few_cues_are_shown_at_once(content: bytes) -> None:
    assert not is_refused("a.vtt", b"WEBVTT\n\n" + content * 16)
    assert is_refused("a.vtt", b"WEBVTT\n\n" + content * 17)


def test_many_cues_follow_each_other() -> None:
    times = [f"{n // 60:02}:{n % 60:02}" for n in range(3600)]
    cues = [f"{each}.000 --> {each}.999\nx\n\n" for each in times]
    assert not is_refused("a.vtt", b"WEBVTT\n\n" + "".join(cues).encode())


def test_a_block_is_bounded() -> None:
    assert not is_refused("a.vtt", b"WEBVTT\n\n" + LONG + b"<b>" * 670)
    assert is_refused("a.vtt", b"WEBVTT\n\n" + LONG + b"<b>" * 680)
    assert is_refused("a.vtt", b"WEBVTT\n\nSTYLE\n" + b"::cue { color: red }\n" * 1000)


def test_a_file_is_bounded() -> None:
    with pytest.raises(PayloadTooLarge) as caught:
        kind_of("a.vtt", b"WEBVTT\n\n" + b"NOTE\n\n" * 180_000)
    assert caught.value.details["limitBytes"] == 1024 * 1024


def test_the_first_piece_of_an_upload_is_enough_to_refuse_a_file() -> None:
    inspector = Inspector(DOCUMENTS, "a.vtt", None)
    inspector.check_beginning((b"WEBVTT" + CUE)[:EARLY_BYTES])
    with pytest.raises(UnsupportedMediaType):
        inspector.check_beginning(b"1\n00:00:00,000 --> 00:00:02,000\nHello"[:EARLY_BYTES])


def test_subtitles_of_another_format_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        Inspector(DOCUMENTS, "lesson.srt", "application/x-subrip")
    assert caught.value.details["reason"] == "extension"
    assert ".vtt" in caught.value.details["allowedExtensions"]
    assert is_refused("lesson.vtt", b"1\n00:00:00,000 --> 00:00:02,000\nHello\n")
