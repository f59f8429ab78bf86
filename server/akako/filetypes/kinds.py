"""The accepted file types, and the inspection of a file while it arrives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO, Literal

import msgspec

from akako.filetypes import declared as declared_types
from akako.filetypes.formats import captions, office, pictures, signatures, video
from akako.filetypes.formats.signatures import HEAD_BYTES
from akako.filetypes.formats.text import TextCheck
from akako.filetypes.names import extension
from akako.kernel.core.errors import PayloadTooLarge, UnsupportedMediaType

Reason = Literal["extension", "declared_type", "content"]
Begins = Callable[[bytes], bool]
Whole = Callable[[BinaryIO, int], bool]

EARLY_BYTES = 32  # enough to recognize most types


class Kind(msgspec.Struct, frozen=True):
    """A type of file. `aliases` are other types that clients declare for it."""

    mime: str
    extensions: tuple[str, ...]
    begins: Begins | None = None  # over the first HEAD_BYTES
    whole: Whole | None = None  # over the complete file and its size
    early: Begins | None = None  # over EARLY_BYTES, where `begins` may need more than those
    aliases: frozenset[str] = frozenset()
    inline: bool = False  # may be shown by a browser instead of saved
    text: bool = False  # text in any encoding, unless `charset` names the only one
    charset: str | None = None
    most_bytes: int | None = None  # below the limit of the endpoint


def _lone_pdf(file: BinaryIO, size: int) -> bool:
    return not office.ends_with_archive(file, size)


OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."


def _open_xml(form: str, ending: str, part: re.Pattern[str], program: frozenset[str]) -> Kind:
    aliases = declared_types.ZIP | declared_types.OLE2 | declared_types.OPEN_XML_PACKAGE | program
    check = office.is_office_xml(part)
    return Kind(OPEN_XML + form, (ending,), signatures.is_zip_or_ole2, check, aliases=aliases)


def _open_document(form: str, ending: str) -> Kind:
    mime = OPEN_DOCUMENT + form
    aliases = declared_types.ZIP | {mime.replace("/vnd.", "/x-vnd.")}
    return Kind(mime, (ending,), signatures.is_zip, office.is_open_document(form), aliases=aliases)


def _ole2(mime: str, ending: str, program: frozenset[str]) -> Kind:
    return Kind(mime, (ending,), signatures.is_ole2, aliases=declared_types.OLE2 | program)


def _text(mime: str, ending: str, aliases: frozenset[str]) -> Kind:
    return Kind(mime, (ending,), aliases=declared_types.TEXT | aliases, text=True)


def _captions() -> Kind:
    aliases = declared_types.TEXT | declared_types.CAPTIONS
    return Kind(
        captions.MIME,
        ("vtt",),
        captions.is_webvtt,
        captions.is_playable,
        aliases=aliases,
        text=True,
        charset="utf-8",
        most_bytes=captions.MAX_BYTES,
    )


def _picture(
    mime: str, begins: Begins, aliases: frozenset[str], *endings: str, whole: Whole | None = None
) -> Kind:
    return Kind(mime, endings, begins, whole, aliases=aliases, inline=True)


def _video(
    mime: str, begins: Begins, aliases: frozenset[str], *endings: str, early: Begins | None = None
) -> Kind:
    return Kind(mime, endings, begins, early=early, aliases=aliases, inline=True)


DOCUMENTS: tuple[Kind, ...] = (
    Kind(
        "application/pdf",
        ("pdf",),
        signatures.is_pdf,
        _lone_pdf,
        lambda head: True,
        declared_types.PDF,
        inline=True,
    ),
    _ole2("application/msword", "doc", declared_types.WORD),
    _ole2("application/vnd.ms-excel", "xls", declared_types.EXCEL),
    _ole2("application/vnd.ms-powerpoint", "ppt", declared_types.POWERPOINT),
    _open_xml("wordprocessingml.document", "docx", office.WORD_PART, declared_types.WORD),
    _open_xml("spreadsheetml.sheet", "xlsx", office.SHEET_PART, declared_types.EXCEL),
    _open_xml("presentationml.presentation", "pptx", office.SLIDES_PART, declared_types.POWERPOINT),
    _open_document("text", "odt"),
    _open_document("spreadsheet", "ods"),
    _open_document("presentation", "odp"),
    _text("text/plain", "txt", declared_types.TABLE),
    _text("text/markdown", "md", declared_types.MARKDOWN),
    _text("text/csv", "csv", declared_types.CSV | declared_types.EXCEL | declared_types.TABLE),
    _captions(),
    _picture("image/png", pictures.is_png, declared_types.PNG, "png"),
    _picture(
        "image/jpeg",
        pictures.is_jpeg,
        declared_types.JPEG,
        *("jpg", "jpeg", "jfif"),
        whole=pictures.has_jpeg_frame,
    ),
    _picture("image/gif", pictures.is_gif, declared_types.GIF, "gif"),
    _picture("image/webp", pictures.is_webp, declared_types.WEBP, "webp"),
)

VIDEOS: tuple[Kind, ...] = (
    _video("video/mp4", video.is_mp4, declared_types.MP4, "mp4", early=video.has_file_type),
    _video(
        "video/quicktime", video.is_mov, declared_types.MP4, "mov", early=video.begins_with_atom
    ),
    _video("video/webm", video.is_webm, declared_types.WEBM, "webm", early=video.is_ebml),
    _video("video/ogg", signatures.is_ogg, declared_types.OGG, "ogg", "ogv"),
    _video("video/x-msvideo", signatures.is_avi, declared_types.AVI, "avi"),
)

MESSAGES: dict[Reason, str] = {
    "extension": "Files with this extension are not accepted",
    "declared_type": "The declared content type does not match the file name's extension",
    "content": "The file's content does not match its extension, is damaged or is not accepted",
}


class Inspector:
    """Checks name, declared type and content of a file, in constant memory.

    Each step raises UnsupportedMediaType as soon as no accepted type is possible.
    """

    def __init__(self, allowed: tuple[Kind, ...], name: str, declared: str | None) -> None:
        """`name` is the cleaned file name, `declared` the part's Content-Type."""
        self._allowed = allowed
        self._declared = (declared or "").partition(";")[0].strip().lower()
        self._suffix = extension(name)
        self._kind = self._announced_kind()
        self._head = b""
        self._size = 0
        self._begun = False
        self._text = TextCheck() if self._kind.text else None

    @property
    def needs_spool(self) -> bool:
        """Return whether `finish` must read the complete file again."""
        return self._kind.whole is not None

    def check_beginning(self, head: bytes) -> None:
        """Inspect the start of a file that has not arrived completely.

        `head` has EARLY_BYTES or more; from HEAD_BYTES on the result is final.
        """
        kind = self._kind
        begins = kind.early if kind.early and len(head) < HEAD_BYTES else kind.begins
        self._require(not kind.text or TextCheck().feed(head), "content")
        self._require(begins is None or begins(head), "content")

    def require_size(self, size: int) -> None:
        """Raise PayloadTooLarge if a file of this kind may not have `size` bytes."""
        most = self._kind.most_bytes
        if most is not None and size > most:
            raise PayloadTooLarge(most)

    @property
    def charset(self) -> str | None:
        """Return the encoding of a text after `finish`, or None if it is not certain."""
        return self._text.charset if self._text else None

    def feed(self, chunk: bytes) -> None:
        """Inspect the next bytes of the file. Raises PayloadTooLarge as `require_size` does."""
        self._size += len(chunk)
        self.require_size(self._size)
        if self._text:
            self._require(self._text.feed(chunk), "content")
        if not self._begun:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._check_head()

    def finish(self, spool: BinaryIO | None = None) -> Kind:
        """Return the kind of the file after its last byte was fed.

        It reads from `spool`, so call it in a thread. `spool` is the file itself, seekable; it is
        required where `needs_spool` is true.
        """
        if self._text:
            self._require(self._text.finish(), "content")
            self._require(self._kind.charset in (None, self._text.charset), "content")
        if not self._begun:
            self._check_head()
        if self._kind.whole:
            if spool is None:
                raise ValueError(f"{self._kind.mime} can only be judged from the complete file")
            self._require(self._kind.whole(spool, spool.seek(0, 2)), "content")
        return self._kind

    def _announced_kind(self) -> Kind:
        for kind in self._allowed:
            if self._suffix in kind.extensions:
                agrees = self._declared in {kind.mime, *kind.aliases, *declared_types.VAGUE}
                self._require(agrees, "declared_type")
                return kind
        raise self._refusal("extension")

    def _check_head(self) -> None:
        self._begun = True
        begins = self._kind.begins
        self._require(begins is None or begins(self._head), "content")

    def _require(self, holds: bool, reason: Reason) -> None:
        if not holds:
            raise self._refusal(reason)

    def _refusal(self, reason: Reason) -> UnsupportedMediaType:
        received = self._declared[:100] or (f".{self._suffix}" if self._suffix else None)
        return UnsupportedMediaType(
            received,
            [kind.mime for kind in self._allowed],
            MESSAGES[reason],
            reason=reason,
            extensions=[f".{each}" for kind in self._allowed for each in kind.extensions],
        )
