"""Tables as CSV (RFC 4180, UTF-8), sent row by row as they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response, StreamingResponse

AT_ONCE = 500
"""Rows that are written together."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sheet(name: str, columns: Sequence[str], rows: AsyncIterator[Sequence[object]]) -> Response:
    """A CSV file to be saved under this name; None is an empty cell."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_written(columns, rows), headers=headers, media_type="text/csv; charset=utf-8")


async def _written(columns: Sequence[str], rows: AsyncIterator[Sequence[object]]) -> AsyncIterator[str]:
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(columns)
    waiting = 0
    async for row in rows:
        writer.writerow([_cell(value) for value in row])
        waiting += 1
        if waiting == AT_ONCE:
            yield _taken(page)
            waiting = 0
    yield _taken(page)


def _taken(page: io.StringIO) -> str:
    text = page.getvalue()
    page.seek(0)
    page.truncate()
    return text


def _cell(value: object) -> object:
    """The value; a text that a spreadsheet would run as a formula gets an apostrophe, and is a text again."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
