"""Files on their way out: where their bytes come from, and the form they are sent in."""

from __future__ import annotations

import errno
import io
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, cast

from akako_lms._drivers import Content

CHUNK_BYTES = 64 * 1024

File = str | os.PathLike[str] | IO[bytes] | bytes | bytearray | memoryview | Iterable[bytes]
Progress = Callable[[int, int | None], None]


class Source:
    """A file to send: a path, a binary file object, bytes, or a generator of bytes.

    A path is opened anew for every try; a file object is rewound to where it stood, if it can be.
    A generator can be read only once.
    """

    def __init__(self, file: File, filename: str | None) -> None:
        self._path = Path(file) if isinstance(file, (str, os.PathLike)) else None
        self._object: IO[bytes] | None = None
        self._start = 0
        if not isinstance(file, (str, os.PathLike)):
            self._object = _opened(file)
        self.name = filename or self._own_name()
        self.size, self.rewindable = self._measure()

    def _own_name(self) -> str:
        name = self._path or getattr(self._object, "name", None)
        if isinstance(name, (str, Path)):
            return Path(name).name
        raise ValueError("filename is needed where the file has no name")

    def _measure(self) -> tuple[int | None, bool]:
        if self._path:
            found = self._path.stat()
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self._path))
            return (found.st_size, True) if stat.S_ISREG(found.st_mode) else (None, False)
        assert self._object is not None
        if not self._object.seekable():
            return None, False
        self._start = self._object.tell()
        end = self._object.seek(0, os.SEEK_END)
        self._object.seek(self._start)
        return end - self._start, True

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset`, `length` of them at most."""
        if self._path:
            with self._path.open("rb") as file:
                file.seek(offset)
                yield from _read(file, length)
        elif self._object is not None:
            if self.rewindable:
                self._object.seek(self._start + offset)
            yield from _read(self._object, length)


class _Pieces(io.RawIOBase):
    """Bytes that come one after the other, as a file that can be read once."""

    def __init__(self, pieces: Iterable[object]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise TypeError(f"a file consists of bytes, not of {type(piece).__name__}")
            self._rest = bytes(piece)
        end = len(self._rest) if size < 0 else size
        chunk, self._rest = self._rest[:end], self._rest[end:]
        return chunk


def _opened(file: object) -> IO[bytes]:
    """Return the file object of what a caller passes. Raise TypeError if that is no file."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return io.BytesIO(file)
    if isinstance(file, io.TextIOBase):
        raise TypeError("open the file in binary mode: open(path, 'rb')")
    if hasattr(file, "read") and hasattr(file, "seekable"):
        return cast(IO[bytes], file)
    if isinstance(file, Iterable):
        return cast(IO[bytes], _Pieces(file))
    kinds = "a path, a binary file object, bytes or an iterable of bytes"
    raise TypeError(f"a file to upload must be {kinds}, not {type(file).__name__}")


def _read(file: IO[bytes], length: int | None) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES if length is None else min(CHUNK_BYTES, length)):
        yield chunk
        if length is not None:
            length -= len(chunk)


class Tally:
    """Tells the caller how many bytes of the file are sent, framing left aside."""

    def __init__(
        self, progress: Progress | None, total: int | None, *, offset: int = 0, head: int = 0
    ) -> None:
        self._progress = progress
        self._total = total
        self._sent = offset - head
        self._over = False

    def end(self) -> None:
        """All of the file is sent; what follows is framing."""
        self._over = True

    def __call__(self, sent: int) -> None:
        before, self._sent = self._sent, self._sent + sent
        if self._progress is None or self._sent <= 0 or self._over:
            return
        if self._total is None or before < self._total:
            self._progress(min(self._sent, self._total or self._sent), self._total)


class Form:
    """A multipart form with texts and, as its last part, a file."""

    def __init__(
        self, texts: Mapping[str, str], field: str, source: Source, progress: Progress | None
    ) -> None:
        self._source, self._progress = source, progress
        boundary = uuid.uuid4().hex
        parts = [_part(boundary, f'name="{name}"', text) for name, text in texts.items()]
        named = f'name="{field}"; filename="{_quoted(source.name)}"'
        parts.append(_part(boundary, named, None))
        self._head, self._tail = (
            "".join(parts).encode(errors="replace"),
            f"\r\n--{boundary}--\r\n".encode(),
        )
        self.headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        if source.size is not None:
            length = len(self._head) + source.size + len(self._tail)
            self.headers["Content-Length"] = str(length)

    def content(self) -> Content:
        tally = Tally(self._progress, self._source.size, head=len(self._head))
        return Content(self._chunks(tally), tally)

    def _chunks(self, tally: Tally) -> Iterator[bytes]:
        yield self._head
        yield from self._source.chunks(length=self._source.size)
        tally.end()
        yield self._tail


def _part(boundary: str, disposition: str, text: str | None) -> str:
    kind = "Content-Type: application/octet-stream\r\n" if text is None else ""
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n"
    return head if text is None else f"{head}{text}\r\n"


def _quoted(name: str) -> str:
    """A file name within quotes, escaped as browsers do it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
