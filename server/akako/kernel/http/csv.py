"""Lists as CSV files (RFC 4180), streamed in batches of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Sequence

import msgspec

from akako.kernel.http.responses import NO_STORE, PROTECTIVE, FileResponse

CSV = "text/csv"
CSV_TYPE = (b"content-type", b"text/csv; charset=utf-8")
# Spreadsheet programs run a cell that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def csv_response(
    name: str, kind: type[msgspec.Struct], batches: AsyncGenerator[Sequence[msgspec.Struct], None]
) -> FileResponse:
    """Return a response that streams the rows of all batches as a file.

    Args:
        name: The file name, of ASCII letters, digits, `-` and `.`.
        kind: The type of the rows. Its JSON names are the header row.
        batches: The rows. The first batch is read before the status is sent, so that an error can
            still be reported.
    """
    fields = msgspec.structs.fields(kind)
    names = [field.name for field in fields]
    first = _lines([[field.encode_name for field in fields]])
    first += _encoded(await anext(batches, []), names)
    disposition = f'attachment; filename="{name}"'.encode("ascii")
    headers = [CSV_TYPE, NO_STORE, (b"content-disposition", disposition), *PROTECTIVE]
    return FileResponse(200, headers, length=None, chunks=_chunks(first, batches, names))


async def one_batch(
    rows: Sequence[msgspec.Struct],
) -> AsyncGenerator[Sequence[msgspec.Struct], None]:
    """Yield rows that are in memory, as `csv_response` expects them."""
    yield rows


async def _chunks(
    first: bytes, batches: AsyncGenerator[Sequence[msgspec.Struct], None], names: list[str]
) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for batch in batches:
            yield _encoded(batch, names)
    finally:
        await batches.aclose()


def _encoded(rows: Sequence[msgspec.Struct], names: list[str]) -> bytes:
    return _lines([[cell(getattr(row, name)) for name in names] for row in rows])


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def cell(value: object) -> str:
    """Return a value as JSON has it, without quotes; null is empty.

    A text that a spreadsheet program would run as a formula gets a leading apostrophe.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(msgspec.to_builtins(value))
