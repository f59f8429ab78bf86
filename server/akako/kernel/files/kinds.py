"""Which files are accepted: a strict table, and the inspection of a file while it streams in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from akako.kernel.errors import UnsupportedMediaType
from akako.kernel.files import office, signatures
from akako.kernel.files.names import extension

HEAD_BYTES = 1024
ANY_TYPE = frozenset({"", "application/octet-stream"})
# What browsers would take for markup: a tag, a comment, a declaration.
MARKUP = re.compile(rb"<[A-Za-z!?/]")
SKIPPED_BY_BROWSERS = b" \t\r\n\f\v" + codecs.BOM_UTF8


class Kind(msgspec.Struct, frozen=True):
    """A type of file. `aliases` are other names under which clients declare it."""

    mime: str
    extensions: tuple[str, ...]
    begins: Callable[[bytes], bool] | None = None  # over the first HEAD_BYTES; None for text
    whole: Callable[[BinaryIO, int], bool] | None = None  # over the complete file and its size
    aliases: frozenset[str] = frozenset()
    inline: bool = False  # may be shown by a browser instead of saved
    decisive: int = 32  # so many first bytes are enough for `begins`


def _lone_pdf(file: BinaryIO, size: int) -> bool:
    return not office.ends_with_archive(file, size)


def _office(mime: str, ending: str, whole: Callable[[BinaryIO, int], bool]) -> Kind:
    return Kind(mime, (ending,), signatures.is_zip, whole)


def _ole2(mime: str, ending: str, *aliases: str) -> Kind:
    return Kind(mime, (ending,), signatures.is_ole2, aliases=frozenset(aliases))


def _text(mime: str, ending: str, *aliases: str) -> Kind:
    return Kind(mime, (ending,), aliases=frozenset({"text/plain", *aliases}))


def _picture(
    mime: str,
    endings: tuple[str, ...],
    begins: Callable[[bytes], bool],
    *aliases: str,
    whole: Callable[[BinaryIO, int], bool] | None = None,
) -> Kind:
    return Kind(mime, endings, begins, whole, frozenset(aliases), inline=True)


def _video(
    mime: str,
    endings: tuple[str, ...],
    begins: Callable[[bytes], bool],
    *aliases: str,
    decisive: int = 32,
) -> Kind:
    return Kind(mime, endings, begins, aliases=frozenset(aliases), inline=True, decisive=decisive)


OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

DOCUMENTS: tuple[Kind, ...] = (
    Kind(
        "application/pdf",
        ("pdf",),
        signatures.is_pdf,
        _lone_pdf,
        frozenset({"application/x-pdf"}),
        inline=True,
    ),
    _ole2("application/msword", "doc", "application/vnd.ms-word", "application/x-msword"),
    _ole2("application/vnd.ms-excel", "xls", "application/msexcel", "application/x-msexcel"),
    _ole2("application/vnd.ms-powerpoint", "ppt", "application/mspowerpoint"),
    _office(f"{OPEN_XML}wordprocessingml.document", "docx", office.is_office_xml(office.WORD_PART)),
    _office(f"{OPEN_XML}spreadsheetml.sheet", "xlsx", office.is_office_xml(office.SHEET_PART)),
    _office(
        f"{OPEN_XML}presentationml.presentation", "pptx", office.is_office_xml(office.SLIDES_PART)
    ),
    _office(f"{OPEN_DOCUMENT}text", "odt", office.is_open_document("text")),
    _office(f"{OPEN_DOCUMENT}spreadsheet", "ods", office.is_open_document("spreadsheet")),
    _office(f"{OPEN_DOCUMENT}presentation", "odp", office.is_open_document("presentation")),
    _text("text/plain", "txt"),
    _text("text/markdown", "md", "text/x-markdown"),
    # Windows with Excel declares CSV files as Excel's own type.
    _text("text/csv", "csv", "text/x-csv", "application/csv", "application/vnd.ms-excel"),
    _picture("image/png", ("png",), signatures.is_png, "image/x-png"),
    _picture(
        "image/jpeg",
        ("jpg", "jpeg"),
        signatures.is_jpeg,
        "image/jpg",
        "image/pjpeg",
        whole=signatures.has_jpeg_frame,
    ),
    _picture("image/gif", ("gif",), signatures.is_gif),
    _picture("image/webp", ("webp",), signatures.is_webp),
)

VIDEOS: tuple[Kind, ...] = (
    _video("video/mp4", ("mp4",), signatures.is_mp4, "application/mp4", "video/x-m4v"),
    _video("video/quicktime", ("mov",), signatures.is_mov),
    _video("video/webm", ("webm",), signatures.is_webm, decisive=96),
    # Browsers cannot tell sound from pictures by the extension .ogg and declare sound.
    _video("video/ogg", ("ogg", "ogv"), signatures.is_ogg, "application/ogg", "audio/ogg"),
    _video(
        "video/x-msvideo",
        ("avi",),
        signatures.is_avi,
        "video/avi",
        "video/msvideo",
        "video/vnd.avi",
    ),
)


class Inspector:
    """Judges one file by its name, its declared type and its content, in constant memory.

    Every step raises UnsupportedMediaType as soon as the file is known to be of no allowed kind.
    """

    def __init__(self, allowed: tuple[Kind, ...], name: str, declared: str | None) -> None:
        """`name` is the cleaned file name, `declared` the part's Content-Type."""
        self._allowed = allowed
        self._declared = (declared or "").partition(";")[0].strip().lower()
        self._suffix = extension(name)
        self._kind = self._announced_kind()
        self._head = b""
        self._begun = False
        self._text = TextCheck() if self._kind.begins is None else None

    @property
    def needs_spool(self) -> bool:
        """Whether `finish` has to read the complete file again."""
        return self._kind.whole is not None

    @property
    def decisive(self) -> int:
        """How many first bytes `check_beginning` needs."""
        return self._kind.decisive

    def check_beginning(self, head: bytes) -> None:
        """Judge a file of which no more than its first bytes have arrived."""
        begins = self._kind.begins
        self._require(TextCheck().feed(head) if begins is None else begins(head))

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the file."""
        if self._text:
            self._require(self._text.feed(chunk))
        elif not self._begun:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._check_head()

    def finish(self, spool: BinaryIO | None = None) -> Kind:
        """The kind of the file, all of it fed. Reads `spool`, so call it off the event loop.

        `spool` is the file itself, seekable; it is needed for DOCUMENTS only.
        """
        if self._text:
            self._require(self._text.finish())
        elif not self._begun:
            self._check_head()
        if self._kind.whole:
            if spool is None:
                raise ValueError(f"{self._kind.mime} can only be judged from the complete file")
            self._require(self._kind.whole(spool, spool.seek(0, 2)))
        return self._kind

    def _announced_kind(self) -> Kind:
        for kind in self._allowed:
            if self._suffix in kind.extensions:
                agrees = self._declared in {kind.mime, *kind.aliases, *ANY_TYPE}
                self._require(agrees)
                return kind
        raise self._refusal()

    def _check_head(self) -> None:
        self._begun = True
        self._require(self._kind.begins is None or self._kind.begins(self._head))

    def _require(self, holds: bool) -> None:
        if not holds:
            raise self._refusal()

    def _refusal(self) -> UnsupportedMediaType:
        received = self._declared[:100] or (f".{self._suffix}" if self._suffix else None)
        return UnsupportedMediaType(received, [kind.mime for kind in self._allowed])


class TextCheck:
    """Whether a stream is UTF-8 text without NUL that no browser would take for markup."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._opening: bytes | None = b""  # None once two bytes have shown it to be harmless

    def feed(self, chunk: bytes, final: bool = False) -> bool:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return b"\0" not in chunk and self._opens_as_text(chunk)

    def finish(self) -> bool:
        return self.feed(b"", final=True)

    def _opens_as_text(self, chunk: bytes) -> bool:
        if self._opening is None:
            return True
        opening = (self._opening + chunk).lstrip(SKIPPED_BY_BROWSERS)
        self._opening = None if len(opening) > 1 else opening
        return not MARKUP.match(opening)
