"""Archives that no backup writes, made to use up memory or time or to write elsewhere."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import msgspec

MIB = 1024 * 1024
MANIFEST = {
    "format": 1,
    "version": "1.0.0",
    "schema": "0001",
    "created_at": "2026-01-01T00:00:00+00:00",
    "tables": [{"name": "users", "columns": ["id"]}],
    "sequences": {},
    "files": 0,
    "bytes": 0,
}


def head(name: str, size: int, type: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = size, type, link
    return made.tobuf(tarfile.GNU_FORMAT)


def member(name: str, content: bytes, type: bytes = tarfile.REGTYPE) -> bytes:
    return head(name, len(content), type) + content + bytes(-len(content) % 512)


def record(key: str, value: bytes) -> bytes:
    """A record of a pax header: its own length, key and value."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def manifest(**changes: object) -> bytes:
    return member("manifest.json", msgspec.json.encode(MANIFEST | changes))


def repeated(begin: bytes, piece: bytes, size: int) -> Iterator[bytes]:
    """`begin`, and the piece until there are `size` bytes."""
    yield begin
    for _ in range(size // len(piece)):
        yield piece


def stream(name: str) -> Iterator[bytes]:
    """The archive of this name in `LARGE`, without ever holding it."""
    begin, piece, size = LARGE[name]
    return repeated(begin, piece, size)


FILLING = b"\x30" * MIB
# Beginning, what follows again and again, and how many bytes of it.
LARGE: dict[str, tuple[bytes, bytes, int]] = {
    "pax header": (manifest() + head("x", 900 * MIB, tarfile.XHDTYPE), FILLING, 900 * MIB),
    "global pax header": (manifest() + head("x", 900 * MIB, tarfile.XGLTYPE), FILLING, 900 * MIB),
    "long name": (manifest() + head("x", 900 * MIB, tarfile.GNUTYPE_LONGNAME), FILLING, 900 * MIB),
    "long link": (manifest() + head("x", 900 * MIB, tarfile.GNUTYPE_LONGLINK), FILLING, 900 * MIB),
    "manifest": (head("manifest.json", 900 * MIB), FILLING, 900 * MIB),
    "first pax header": (head("x", 900 * MIB, tarfile.XHDTYPE), FILLING, 900 * MIB),
    "end": (manifest() + head("end.json", 900 * MIB), FILLING, 900 * MIB),
    "many pax headers": (manifest(), member("x", record("a", b"b"), tarfile.XHDTYPE), 300 * MIB),
    "many members": (manifest(), member("tables/users/1", b""), 300 * MIB),
    "one large member": (manifest() + head("tables/users/1", 2**50), FILLING, 300 * MIB),
    "a manifest of small parts": (
        head("manifest.json", 64 * MIB) + b'{"format":1,"tables":[',
        b'{"name":"","columns":[]},' * 40_000,
        64 * MIB,
    ),
    "no archive": (b"", FILLING, 900 * MIB),
}


def small() -> dict[str, bytes]:
    """Archives that are refused by what they contain, by name."""
    deep = "/".join(["a"] * 200)
    sparse = record("GNU.sparse.size", str(2**40).encode()) + record("GNU.sparse.major", b"1")
    nested = b'{"x":' + b"[" * 200_000
    made = {
        "a path upwards": member("files/../../evil", b"x"),
        "an absolute path": member("files//etc/passwd", b"x"),
        "a hidden file": member("files/.incoming/x", b"x"),
        "a path upwards in a pax header": member("x", record("path", b"files/../x"), b"x")
        + member("y", b"x"),
        "a deep name": member(f"files/{deep}", b"x"),
        "an endless name": member("x", b"files/" + b"n" * 4000 + b"\0", tarfile.GNUTYPE_LONGNAME)
        + member("y", b"x"),
        "a name that controls the terminal": member("tables/\x1b[31m\n/1", b"x"),
        "a symbolic link": head("files/a", 0, tarfile.SYMTYPE, "/etc/passwd"),
        "a hard link": head("files/a", 0, tarfile.LNKTYPE, "manifest.json"),
        "a device": head("files/a", 0, tarfile.CHRTYPE),
        "a pipe": head("files/a", 0, tarfile.FIFOTYPE),
        "a folder": head("files/a", 0, tarfile.DIRTYPE),
        "a sparse file": head("files/a", 512, tarfile.GNUTYPE_SPARSE) + bytes(512),
        "a sparse file in a pax header": member("x", sparse, b"x") + member("files/a", b"x"),
        "a size below zero": member("x", record("size", b"-1"), b"x") + member("files/a", b"x"),
        "a size that is no number": member("x", record("size", b"1e9"), b"x")
        + member("files/a", b"x"),
        "a record that is too long": member("x", b"999 path=a\n", b"x") + member("files/a", b"x"),
        "a record of no length": member("x", b"0 path=a\n", b"x") + member("files/a", b"x"),
        "two extended headers": member("x", record("path", b"a"), b"x") * 2 + member("a", b"x"),
        "an end of nested lists": member("end.json", nested),
    }
    found = {name: manifest() + each + bytes(1024) for name, each in made.items()}
    found["a manifest of nested lists"] = member("manifest.json", nested)
    found["a version that controls the terminal"] = manifest(version="1\x1b[2J\n2")
    found["a table that controls the terminal"] = manifest(tables=[{"name": "\x07", "columns": []}])
    return found


def packed(archive: bytes) -> bytes:
    """The archive compressed, as a bomb would be."""
    import gzip

    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as file:
        file.write(archive)
    return out.getvalue()
