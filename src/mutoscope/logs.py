"""One event per line with fields, on standard error: text for people, JSON for machines.

No prompt, key, data URI or signed address belongs in a log; say ids instead. What slips in all the same is taken out
here: by its shape in any value, and the words of foreign exceptions altogether, for they quote what they choke on.
What libraries log through `logging` comes out in the same form.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import sqlite3
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, TextIO, cast

import structlog

from mutoscope.errors import MutoscopeError

HIDDEN = "[hidden]"
_SECRETS = re.compile(
    r"""
      \b(?:mk|wt|whsec)_[\w+/=-]{6,}            # keys, worker tokens, webhook secrets
    | (?<=earer\ )[^\s'",;]+                    # what an Authorization header shows
    | (?<=signature=)[^\s'"&]+                  # signed addresses
    | (?<=//)[^\s/@'"]+(?=@)                    # a user and password in an address
    | \bdata:[\w.+-]+/[\w.+-]+[;,][^\s'"]*      # files in a body
    """,
    re.VERBOSE | re.IGNORECASE,
)
OPEN = (MutoscopeError, OSError, sqlite3.Error)
"""Exceptions whose words are about the machine, not about somebody's input."""


def configure(log_format: str, level: str) -> None:
    """Set up logging for this process. log_format: `auto`, `json` or `text`; level: debug … error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _told,
        _redacted,
    ]
    lines = cast("TextIO", _Lines(sys.stderr))
    render: structlog.types.Processor = structlog.processors.JSONRenderer()
    if as_text(log_format):
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(lines),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(lines)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            keep_exc_info=False,
        )
    )
    logging.basicConfig(handlers=[libraries], level=max(number, logging.WARNING), force=True)
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, exc, _: _defect(kind, exc)
    threading.excepthook = lambda told: _defect(told.exc_type, told.exc_value)


class _Lines(io.TextIOBase):
    """A stream that writes what it is given in one piece, or loses it.

    Server, workers and engines share one log: a line in two system calls would be cut by theirs, whatever
    PYTHONUNBUFFERED says. And a full disk under the log must not fail what was to be logged.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """All of it past the stream's own buffer; through the stream where no file is behind it."""
        with contextlib.suppress(OSError):
            try:
                number = self._stream.fileno()
            except (OSError, AttributeError):
                self._stream.write(text)
                return len(text)
            self._stream.flush()
            left = memoryview(text.encode("utf-8", "backslashreplace"))
            while left:
                left = left[os.write(number, left) :]
        return len(text)

    def flush(self) -> None:
        """As far as it goes."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def as_text(log_format: str) -> bool:
    """Are lines for people?"""
    return log_format == "text" or (log_format == "auto" and sys.stderr.isatty())


def redact(value: Any) -> Any:
    """The value without what looks like a secret, however deep it lies."""
    if isinstance(value, str):
        return _SECRETS.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {name: redact(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(part) for part in value]
    return value if isinstance(value, bool | int | float | None) else _SECRETS.sub(HIDDEN, str(value))


def trace(exc: BaseException) -> str:
    """Where an exception came from, causes first; in its own words only if those are about the machine."""
    chain: list[BaseException] = []
    link: BaseException | None = exc
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(_one(part) for part in reversed(chain))


def _one(exc: BaseException) -> str:
    kind = type(exc)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    words = redact(str(exc)) if isinstance(exc, OPEN) else HIDDEN
    return "".join(traceback.format_tb(exc.__traceback__)) + (f"{name}: {words}" if str(exc) else name)


def _defect(kind: type[BaseException], exc: BaseException | None) -> None:
    """What ends a process or a thread is a line like any other; Ctrl-C is nobody's defect."""
    if exc is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        structlog.get_logger(__name__).critical("process.defect", exc_info=exc)


def _told(logger: Any, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """The exception of a line as text."""
    del logger, method
    found = event.pop("exc_info", None)
    if found:
        exc = (
            found if isinstance(found, BaseException) else (found[1] if isinstance(found, tuple) else sys.exc_info()[1])
        )
        if exc is not None:
            event["exception"] = trace(exc)
    return event


def _redacted(logger: Any, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """The line without what looks like a secret."""
    del logger, method
    return {name: value if name.startswith("_") else redact(value) for name, value in event.items()}
