"""An archive from a stranger is refused with one line, within little memory and time."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from akako.backup.archive import ArchiveError, End, Writer
from tests.backup.hostile import LARGE, MIB, manifest, member, packed, record, small, stream
from tests.backup.school import Target, check, restore

# Of all the address space, of which Python, uvloop and OpenSSL reserve some hundred megabytes.
LIMIT_BYTES = 1024 * MIB
GROWTH_BYTES = 150 * MIB
PATIENCE = 60.0
COMMAND = [sys.executable, "-m", "akako.cli", "restore", "--check", "-"]


def checked(content: bytes | str, folder: Path) -> tuple[str, int, float]:
    """Run `akako restore --check -` on an archive: its errors, largest memory, and seconds."""
    started = time.monotonic()
    with subprocess.Popen(
        ["sh", "-c", f'ulimit -v {LIMIT_BYTES // 1024}; exec "$@"', "sh", *COMMAND],
        env={"PATH": os.defpath, "AKAKO_DATA_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        feeding = threading.Thread(target=feed, args=(process, content), daemon=True)
        feeding.start()
        assert process.stdout
        assert process.stderr
        output = process.stderr.read().decode()
        assert process.stdout.read() == b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        feeding.join(30)
    assert process.returncode == 1
    return output, usage.ru_maxrss * 1024, time.monotonic() - started


def feed(process: subprocess.Popen[bytes], content: bytes | str) -> None:
    assert process.stdin
    with suppress(BrokenPipeError):
        for piece in stream(content) if isinstance(content, str) else [content]:
            process.stdin.write(piece)
    with suppress(BrokenPipeError):
        process.stdin.close()


@pytest.fixture(scope="module")
def usual_memory(tmp_path_factory: pytest.TempPathFactory) -> int:
    return checked(b"", tmp_path_factory.mktemp("usual"))[1]


@pytest.mark.parametrize("name", LARGE)
def test_a_large_archive_takes_little_memory_and_time(
    tmp_path: Path, usual_memory: int, name: str
) -> None:
    output, memory, seconds = checked(name, tmp_path)
    assert output.startswith("akako: ")
    assert len(output.splitlines()) == 1, output
    assert memory - usual_memory < GROWTH_BYTES
    assert seconds < PATIENCE


@pytest.mark.parametrize("name", small())
def test_what_no_backup_writes_is_refused_in_one_line(empty: Target, name: str) -> None:
    archive = small()[name]
    before = empty.state()
    with pytest.raises(ArchiveError, match="archive") as error:
        check(archive)
    assert str(error.value).isprintable()
    with pytest.raises(ArchiveError, match="archive") as error:
        restore(archive, empty.url, empty.store)
    assert str(error.value).isprintable()
    assert empty.state() == before


def test_the_command_tells_it_in_one_line(tmp_path: Path) -> None:
    for name in ("a path upwards", "a symbolic link", "a version that controls the terminal"):
        output, _, _ = checked(small()[name], tmp_path)
        assert output.startswith("akako: the archive is damaged: ")
        assert len(output.splitlines()) == 1
        assert "\x1b" not in output


def test_a_compressed_archive_is_not_unpacked(archive: bytes) -> None:
    with pytest.raises(ArchiveError, match="not an archive of akako backup"):
        check(packed(archive))


async def resealed(archive: bytes, misplaced: str) -> bytes:
    """The archive with a row that names another place, and with a hash that fits to it."""
    out = io.BytesIO()
    writer = Writer(out)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        contents = {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]
    key = next(name for name in contents if name.startswith("files/documents/"))
    end = msgspec.json.decode(contents.pop("end.json"), type=End)
    end.files, end.bytes = end.files - 1, end.bytes - len(contents.pop(key))
    key = key.removeprefix("files/")
    end.missing = [misplaced]
    for name, content in contents.items():
        await writer.add_bytes(name, content.replace(key.encode(), misplaced.encode()))
    await writer.finish(end)
    return out.getvalue()


@pytest.mark.parametrize("misplaced", ["../../outside", "/etc/passwd", "a//////b", "x" * 600])
async def test_a_row_cannot_name_a_place_outside_the_store(
    archive: bytes, empty: Target, misplaced: str
) -> None:
    """The other half of a path traversal: a key in the database instead of a member's name."""
    made = await resealed(archive, misplaced)
    with pytest.raises(ArchiveError, match="no file is stored as"):
        await asyncio.to_thread(restore, made, empty.url, empty.store)
    assert (await asyncio.to_thread(empty.state))[1:] == ({}, ["information_schema", "public"])


def test_an_ordinary_archive_packed_again_by_tar_is_read(archive: bytes) -> None:
    """Other tar programs add times to their headers, or write long names in another way."""
    for format in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        out = io.BytesIO()
        with (
            tarfile.open(fileobj=io.BytesIO(archive)) as old,
            tarfile.open(fileobj=out, mode="w", format=format) as new,
        ):
            for each in old:
                each.mtime = 1_767_225_600.25
                each.pax_headers = {"comment": "packed again"}
                new.addfile(each, old.extractfile(each))
        assert check(out.getvalue()) == check(archive)


def test_long_names_of_the_writer_are_read(archive: bytes) -> None:
    name = "tables/" + "ü" * 60 + "/000001"
    long = member("x", record("path", name.encode()), tarfile.XHDTYPE) + member("y", b"1\n")
    end = member("end.json", msgspec.json.encode({"sha256": "0" * 64}))
    with pytest.raises(ArchiveError, match="it is not what was written"):
        check(manifest() + long + end + bytes(1024))
