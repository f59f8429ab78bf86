"""Parse multipart/form-data (RFC 7578) as it arrives, holding at most one chunk."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from urllib.parse import unquote_to_bytes

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from akako.kernel.core.errors import BadRequest, PayloadTooLarge, UnsupportedMediaType
from akako.storage.charsets import codec_of

MAX_PART_HEADER_BYTES = 8 * 1024
MAX_PART_HEADERS = 16
MAX_EPILOGUE_BYTES = 64 * 1024

FORM = "multipart/form-data"
# RFC 2046: at most 70 characters, the last one not a space.
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
PARAMETER = re.compile(
    rf'[ \t]*+;[ \t]*+(?P<name>{WORD})=(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>{WORD}))'
)
LEADING_WORD = re.compile(rf"[ \t]*+(?P<word>{WORD}(?:/{WORD})?)")
EXTENDED_VALUE = re.compile(r"(?P<charset>[A-Za-z0-9-]+)'[A-Za-z0-9-]*'(?P<value>[!-~]*)")
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
UTF8 = "utf-8"
IDENTITY_ENCODINGS = frozenset({"7bit", "8bit", "binary"})


class TextPart(msgspec.Struct, frozen=True):
    """A complete part without a file name."""

    name: str
    value: str
    content_type: str | None


class FilePart(msgspec.Struct, frozen=True):
    """A part with a file name (possibly empty). Read `chunks` before asking for the next part."""

    name: str
    filename: str
    content_type: str | None
    chunks: AsyncIterator[bytes]


class _PartHead(msgspec.Struct, frozen=True):
    name: str
    filename: str | None
    content_type: str | None


# A part's head, a piece of its content, or None for its end.
_Event = _PartHead | bytes | None


def _refused() -> BadRequest:
    return BadRequest("invalid_multipart", "The multipart body cannot be understood")


def _misencoded() -> BadRequest:
    return BadRequest("invalid_encoding", "Form text must be in UTF-8 or in its declared charset")


def form_type(content_type: str | None) -> tuple[bytes, str]:
    """Return the boundary and the codec of a Content-Type header.

    Raises UnsupportedMediaType unless it is multipart/form-data, BadRequest if the boundary is not
    one of RFC 2046, or if the charset is unknown.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise UnsupportedMediaType(media_type or None, [FORM])
    _, parameters = _parsed_value(content_type or "")
    codec = _codec(parameters)
    boundary = parameters.get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise _refused()
    return boundary.encode("ascii"), codec


class FormLimits(msgspec.Struct, frozen=True):
    """The number of parts, and the size of a file and of a text in bytes."""

    file_bytes: int
    text_bytes: int = 64 * 1024
    parts: int = 10


async def read_form(
    content_type: str | None, body: AsyncIterator[bytes], limits: FormLimits
) -> AsyncGenerator[TextPart | FilePart, None]:
    """Yield the parts of a form in the order they arrive.

    Text is decoded from the charset of its part, else of the whole form, else from UTF-8.
    Unread bytes of a FilePart are skipped. After an exception the form cannot be read further.

    Raises BadRequest (invalid_multipart, invalid_encoding), PayloadTooLarge for a file or text that
    exceeds its limit, UnsupportedMediaType for another content type.
    """
    boundary, codec = form_type(content_type)
    async with aclosing(_events(_Framing(boundary, codec, limits.parts), body)) as events:
        async for event in events:
            if not isinstance(event, _PartHead):
                continue
            if event.filename is None:
                yield await _text_part(event, events, codec, limits.text_bytes)
            else:
                chunks = _part_chunks(events, limits.file_bytes)
                yield FilePart(event.name, event.filename, event.content_type, chunks)


async def _text_part(
    head: _PartHead, events: AsyncIterator[_Event], codec: str, limit: int
) -> TextPart:
    parameters = _parsed_value(head.content_type)[1] if head.content_type else {}
    codec = _codec(parameters, default=codec)
    value = b"".join([chunk async for chunk in _part_chunks(events, limit)])
    return TextPart(head.name, _decoded(value, codec), head.content_type)


async def _part_chunks(events: AsyncIterator[_Event], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for event in events:
        if not isinstance(event, bytes):
            return
        size += len(event)
        if size > limit:
            raise PayloadTooLarge(limit)
        yield event


async def _events(framing: _Framing, body: AsyncIterator[bytes]) -> AsyncGenerator[_Event, None]:
    epilogue = 0
    async for chunk in body:
        if framing.ended:
            epilogue += len(chunk)
            if epilogue > MAX_EPILOGUE_BYTES:
                raise _refused()
            continue
        for event in framing.feed(chunk):
            yield event
    if not framing.ended:
        raise _refused()


class _Framing:
    """Converts the callbacks of the push parser to events, one chunk at a time."""

    def __init__(self, boundary: bytes, codec: str, max_parts: int) -> None:
        self.ended = False
        self._codec = codec
        self._started = False
        self._events: list[_Event] = []
        self._parts_left = max_parts
        self._field = b""
        self._value = b""
        self._headers: dict[str, bytes] = {}
        self._header_bytes = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
            max_header_count=MAX_PART_HEADERS,
            max_header_size=MAX_PART_HEADER_BYTES,
        )

    def feed(self, chunk: bytes) -> list[_Event]:
        if not self._started and chunk:
            # The parser would skip anything between a leading line break and the first hyphen.
            if chunk[:1] != b"-":
                raise _refused()
            self._started = True
        self._events = []
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _refused() from None
        return self._events

    def _part_begin(self) -> None:
        self._parts_left -= 1
        if self._parts_left < 0:
            raise _refused()
        self._headers, self._header_bytes = {}, 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._count_header(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count_header(end - start)

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_PART_HEADER_BYTES:
            raise _refused()

    def _header_end(self) -> None:
        name = self._field.decode("ascii").lower()
        if name in self._headers:
            raise _refused()
        self._headers[name] = self._value
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        self._events.append(_part_head(self._headers, self._codec))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _part_end(self) -> None:
        self._events.append(None)

    def _end(self) -> None:
        self.ended = True


def _part_head(headers: Mapping[str, bytes], codec: str) -> _PartHead:
    header = _header_text(headers.get("content-disposition", b""), codec)
    disposition, parameters = _parsed_value(header)
    if disposition != "form-data" or not parameters.get("name"):
        raise _refused()
    encoding = _header_text(headers.get("content-transfer-encoding", b"binary"))
    if encoding.strip().lower() not in IDENTITY_ENCODINGS:
        raise _misencoded()
    filename = parameters.get("filename")
    if "filename*" in parameters:
        # RFC 7578 forbids `filename*`, but common clients send it for non-ASCII names.
        filename = _extended(parameters["filename*"])
    content_type = _header_text(headers.get("content-type", b"")).strip() or None
    return _PartHead(parameters["name"], filename, content_type)


def _header_text(value: bytes, codec: str = UTF8) -> str:
    text = _decoded(value, codec)
    if CONTROLS.search(text):
        raise _refused()
    return text


def _parsed_value(value: str) -> tuple[str, dict[str, str]]:
    """Return the value of a header and its parameters. Repeated parameters are an error."""
    leading = LEADING_WORD.match(value)
    if not leading:
        raise _refused()
    parameters: dict[str, str] = {}
    position = leading.end()
    while match := PARAMETER.match(value, position):
        name = match["name"].lower()
        if name in parameters:
            raise _refused()
        parameters[name] = match["plain"] or _unquoted(match["quoted"] or "")
        position = match.end()
    if value[position:].strip(" \t;"):
        raise _refused()
    return leading["word"].lower(), parameters


def _unquoted(quoted: str) -> str:
    r"""Undo \" and \\ only: in `C:\notes\a.pdf`, as old browsers send it, the rest are letters."""
    return re.sub(r'\\(["\\])', r"\1", quoted)


def _extended(value: str) -> str:
    match = EXTENDED_VALUE.fullmatch(value)
    if not match:
        raise _refused()
    return _decoded(unquote_to_bytes(match["value"]), _codec({"charset": match["charset"]}))


def _codec(parameters: Mapping[str, str], default: str = UTF8) -> str:
    """Return the codec of a `charset` parameter. Raise BadRequest for an unknown one."""
    label = parameters.get("charset")
    codec = codec_of(label) if label is not None else default
    if codec is None:
        raise _misencoded()
    return codec


def _decoded(value: bytes, codec: str) -> str:
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        raise _misencoded() from None
