"""What is printed and where: results on standard output, everything said to a person on standard error.

No colours unless the stream is a terminal and NO_COLOR is not set. Control characters of a server's texts are
taken out, so that no message can write over the terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def console(*, stderr: bool = False) -> Console:
    """A console on the stream as it is now; rich reads NO_COLOR and the terminal itself."""
    return Console(stderr=stderr, highlight=False, markup=False, soft_wrap=True)


def plain(text: object) -> str:
    """Text without control characters."""
    return str(text).translate(_CONTROLS)


def say(text: object) -> None:
    """Tell the person something, on standard error."""
    click.echo(plain(text), err=True)


def emit(text: object) -> None:
    """One line of result, on standard output."""
    click.echo(plain(text))


def emit_json(data: Any) -> None:
    """One JSON value on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for a terminal; elsewhere lines of tab-separated values without a heading."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(plain(value).replace("\t", " ").replace("\n", " ") for value in row))
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(plain(value), overflow="fold") for value in row))
    Console(highlight=False).print(table)


def emit_json_line(data: Any) -> None:
    """One JSON value on one line, for a stream of them."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str))
