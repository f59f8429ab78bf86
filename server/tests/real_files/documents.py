"""Tiny documents and pictures, written by widespread Python packages."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import docx
import openpyxl
import pikepdf
import pptx
import xlsxwriter
from odf import opendocument, table, text
from odf.draw import Page
from odf.style import MasterPage, PageLayout
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

Writer = Callable[[], bytes]


def picture(form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(target, form, **options)
    return target.getvalue()


def large_photo() -> bytes:
    """A photo of 12,000 x 9,000 pixels in one color, which compresses to some KB."""
    target = io.BytesIO()
    Image.new("1", (12_000, 9_000)).save(target, "PNG")
    return target.getvalue()


def word(*, bitmap: int = 0) -> bytes:
    """A document with a heading; `bitmap` adds a BMP picture with sides of this many pixels."""
    document, target = docx.Document(), io.BytesIO()
    document.add_heading("Photosynthesis")
    if bitmap:
        image = io.BytesIO()
        Image.new("RGB", (bitmap, bitmap), "white").save(image, "BMP")
        document.add_picture(image)
    document.save(target)
    return target.getvalue()


def sheet() -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["Äpfel", 3])
    book.save(target)
    return target.getvalue()


def sheet_in_constant_memory() -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    book.add_worksheet().write(0, 0, "Äpfel")
    book.close()
    return target.getvalue()


def slides() -> bytes:
    deck, target = pptx.Presentation(), io.BytesIO()
    deck.slides.add_slide(deck.slide_layouts[6])
    deck.save(target)
    return target.getvalue()


def open_document(form: str) -> bytes:
    target = io.BytesIO()
    if form == "odt":
        document = opendocument.OpenDocumentText()
        document.text.addElement(text.P(text="Photosynthesis"))
    elif form == "ods":
        document = opendocument.OpenDocumentSpreadsheet()
        document.spreadsheet.addElement(table.Table(name="Points"))
    else:
        document = opendocument.OpenDocumentPresentation()
        layout = PageLayout(name="Layout")
        master = MasterPage(name="Master", pagelayoutname=layout)
        document.automaticstyles.addElement(layout)
        document.masterstyles.addElement(master)
        document.presentation.addElement(Page(masterpagename=master))
    document.write(target)
    return target.getvalue()


def pdf() -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target)
    canvas.drawString(100, 700, "Photosynthesis")
    canvas.save()
    return target.getvalue()


def saved_pdf(**options: Any) -> bytes:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(target, **options)
    return target.getvalue()


DOCUMENTS: dict[str, Writer] = {
    "python-docx.docx": word,
    "python-docx with a bitmap.docx": lambda: word(bitmap=3000),
    "openpyxl.xlsx": sheet,
    "xlsxwriter.xlsx": sheet_in_constant_memory,
    "python-pptx.pptx": slides,
    "odfpy.odt": lambda: open_document("odt"),
    "odfpy.ods": lambda: open_document("ods"),
    "odfpy.odp": lambda: open_document("odp"),
    "reportlab.pdf": pdf,
    "pikepdf.pdf": saved_pdf,
    "pikepdf linearized.pdf": lambda: saved_pdf(linearize=True),
    "pikepdf encrypted.pdf": lambda: saved_pdf(encryption=pikepdf.Encryption(owner="a", user="b")),
    "Pillow.pdf": lambda: picture("PDF"),
    "Pillow.png": lambda: picture("PNG"),
    "Pillow large.png": large_photo,
    "Pillow.jpg": lambda: picture("JPEG"),
    "Pillow progressive.jpeg": lambda: picture("JPEG", progressive=True),
    "Pillow.jfif": lambda: picture("JPEG"),
    "Pillow.gif": lambda: picture("GIF"),
    "Pillow.webp": lambda: picture("WEBP"),
    "Pillow lossless.webp": lambda: picture("WEBP", lossless=True),
}
