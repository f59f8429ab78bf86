"""Files as users have them: texts in many encodings, and documents that tools have altered."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.real_files import documents
from tests.real_files.documents import Writer

DATA = Path(__file__).parent / "data"
TABLE = "Name;Note\r\nJosé Muñoz;5 – très bien\r\n"
JAPANESE = "氏名,点数\r\n山田太郎,90\r\n"
CHINESE = "姓名,成绩\r\n王小明,90\r\n"
KOREAN = "이름,점수\r\n김철수,90\r\n"
RUSSIAN = "Имя;Оценка\r\nИван Петров;5\r\n"
ARABIC = "الاسم;الدرجة\r\nأحمد;5\r\n"


def repacked(source: bytes, rename: Callable[[str], str], *, level: int = 6) -> bytes:
    """The archive with other member names, every member deflated."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(source)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as new,
    ):
        for name in old.namelist():
            info = zipfile.ZipInfo("placeholder")
            info.filename = rename(name)  # the constructor would replace backslashes
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return target.getvalue()


# By name: how to write the file, and the encoding that downloads announce (None: none).
TEXTS: dict[str, tuple[bytes, str | None]] = {
    "starts with a comment.md": (b"<!-- lesson: 3 -->\n# Fractions\n\n1/2 + 1/4\n", "utf-8"),
    "starts with HTML.md": (b'<h1 align="center">Photosynthesis</h1>\n\nText\n', "utf-8"),
    "starts with details.md": (b"<details>\n<summary>Answer</summary>\n42\n</details>\n", "utf-8"),
    "starts with a link.md": (b"<https://example.org/lesson>\n", "utf-8"),
    "starts with a tag.txt": (b"<Chapter 1>\nOnce upon a time\n", "utf-8"),
    "is a page.txt": (b"<!DOCTYPE html><html><script>alert(1)</script></html>", "utf-8"),
    "UTF-8 with mark.csv": (codecs.BOM_UTF8 + TABLE.encode(), "utf-8"),
    "Excel on Windows.csv": (TABLE.encode("cp1252"), None),
    "Excel for DOS.csv": (TABLE.replace("–", "-").encode("cp850"), None),
    "Excel on Macintosh.csv": (TABLE.encode("mac_roman"), None),
    "Excel Unicode text.csv": (TABLE.replace(";", "\t").encode("utf-16"), "utf-16"),
    "Notepad Unicode.txt": ("Lección uno\r\n".encode("utf-16"), "utf-16"),
    "Notepad big-endian.txt": (codecs.BOM_UTF16_BE + JAPANESE.encode("utf-16-be"), "utf-16"),
    "emoji in UTF-16.md": ("# 🌍 und 🚀\n".encode("utf-16"), "utf-16"),
    "Shift-JIS.csv": (JAPANESE.encode("shift_jis"), None),
    "EUC-JP.txt": (JAPANESE.encode("euc_jp"), None),
    "GBK.csv": (CHINESE.encode("gbk"), None),
    "GB18030.txt": ("𠮷野家 €\n".encode("gb18030"), None),
    "Big5.txt": ("姓名,成績\r\n".encode("big5"), None),
    "EUC-KR.csv": (KOREAN.encode("euc_kr"), None),
    "Cyrillic on Windows.csv": (RUSSIAN.encode("cp1251"), None),
    "Cyrillic KOI8.txt": (RUSSIAN.encode("koi8_r"), None),
    "Cyrillic on DOS.txt": (RUSSIAN.encode("cp866") + b"\x1a", None),
    "Arabic.csv": (ARABIC.encode("cp1256"), None),
    "ISO-2022-JP.txt": (JAPANESE.encode("iso2022_jp"), "utf-8"),
}


def _after(leading: bytes) -> Writer:
    return lambda: leading + documents.pdf()


def _protected() -> bytes:
    return (DATA / "protected.xlsx").read_bytes()


ALTERED: dict[str, Writer] = {
    "after a byte order mark.pdf": _after(codecs.BOM_UTF8),
    "after an empty line.pdf": _after(b"\r\n"),
    "after printer commands.pdf": _after(b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n"),
    "after headers of HTTP.pdf": _after(b"Content-Type: application/pdf\r\n\r\n"),
    "after 1,024 bytes.pdf": _after(b"\0" * 1024),
    "protected.xlsx": _protected,
    "protected.docx": _protected,
    "lower case.docx": lambda: repacked(documents.word(), str.lower),
    "upper case.xlsx": lambda: repacked(documents.sheet(), str.upper),
    "backslashes.pptx": lambda: repacked(documents.slides(), lambda name: name.replace("/", "\\")),
    "deflated mimetype.odt": lambda: repacked(documents.open_document("odt"), str),
    "deflated mimetype.ods": lambda: repacked(documents.open_document("ods"), str, level=0),
}
