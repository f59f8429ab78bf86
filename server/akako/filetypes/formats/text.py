"""Detection of text in a stream: UTF-8, UTF-16 with byte order mark, or a legacy encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Bytes that no text in an 8-bit or East Asian encoding contains, not even inside a character:
# controls other than tab, line ends, form feed, escape and the end mark of DOS. Compressed and
# encrypted data has one in every ten bytes, so only 1 in 30,000 sequences of 100 bytes passes.
BINARY = bytes([*range(0x09), *range(0x0E, 0x1A), *range(0x1C, 0x20), 0x7F])
# The same in UTF-16, and code points that are no characters.
BINARY_CHARACTERS = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff]")
UNASSIGNED = frozenset({"Cn", "Co"})
SAMPLE_CHARACTERS = 1024
# Fonts such as Wingdings use private code points, and Python's table may lack new characters.
MAX_UNASSIGNED_SHARE = 1 / 8
# Blocks of 256 code points in a sample. Chinese characters lie in 82 blocks and Korean syllables in
# 44; random data reaches nearly all. Short samples may have more blocks for each character.
MAX_BLOCKS, FREE_BLOCKS = 128, 48
MAX_BLOCKS_PER_CHARACTER = 0.7
# The signature of a format whose files can consist of text characters only.
NOT_TEXT = b"%PDF-"


class TextCheck:
    """Decides whether a stream is text, in constant memory.

    `charset` is the encoding as far as it is certain, once `finish` has returned True. Legacy
    encodings cannot be distinguished, so they leave it None.
    """

    def __init__(self) -> None:
        self.charset: str | None = None
        self._head = b""
        self._check: _Utf16 | _Bytes | None = None

    def feed(self, chunk: bytes, final: bool = False) -> bool:
        """Return False as soon as the stream is known not to be text."""
        if self._check is None:
            self._head += chunk
            if len(self._head) < len(NOT_TEXT) and not final:
                return True
            chunk, self._head = self._head, b""
            if chunk.startswith(NOT_TEXT):
                return False
            self._check = _Utf16() if chunk.startswith(UTF16_MARKS) else _Bytes()
        return self._check.feed(chunk, final)

    def finish(self) -> bool:
        holds = self.feed(b"", final=True)
        self.charset = self._check.charset if self._check else None
        return holds


class _Bytes:
    """UTF-8 without NUL, or from the first byte that is not UTF-8 any legacy encoding."""

    charset: str | None = "utf-8"

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._binary = False

    def feed(self, chunk: bytes, final: bool) -> bool:
        if b"\0" in chunk:
            return False
        # One search for each byte takes a fraction of the time of one look at all of them.
        self._binary = self._binary or any(byte in chunk for byte in BINARY)
        if self.charset:
            try:
                self._decoder.decode(chunk, final)
            except UnicodeDecodeError:
                self.charset = None
        return bool(self.charset) or not self._binary


class _Utf16:
    """UTF-16 after its byte order mark, with characters that texts have."""

    charset: str | None = "utf-16"

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._sample = ""

    def feed(self, chunk: bytes, final: bool) -> bool:
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        if BINARY_CHARACTERS.search(text):
            return False
        self._sample += text[: SAMPLE_CHARACTERS - len(self._sample)]
        return not final or self._is_plausible()

    def _is_plausible(self) -> bool:
        """Return whether the sample has characters, most of them assigned, and of few scripts."""
        unassigned = sum(unicodedata.category(each) in UNASSIGNED for each in self._sample)
        blocks = len({ord(each) >> 8 for each in self._sample})
        most_blocks = max(FREE_BLOCKS, len(self._sample) * MAX_BLOCKS_PER_CHARACTER)
        return (
            bool(self._sample)
            and unassigned <= len(self._sample) * MAX_UNASSIGNED_SHARE
            and blocks <= min(most_blocks, MAX_BLOCKS)
        )
