"""Atheris on the readers of media headers: `python -m tests.fuzz.guided CORPUS -runs=N`. Linux on x86-64 only."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile

import atheris

with atheris.instrument_imports(include=["mutoscope.media.images", "mutoscope.media.movies", "mutoscope.media.probe"]):
    from mutoscope.errors import MediaError
    from mutoscope.media.probe import probe_file

FILE = tempfile.TemporaryFile()  # noqa: SIM115 - one for all runs: pictures are mapped, so it has to be a real one


def once(data: bytes) -> None:
    """Measure these bytes."""
    FILE.seek(0)
    FILE.truncate()
    FILE.write(data)
    FILE.flush()
    FILE.seek(0)
    with contextlib.suppress(MediaError):
        probe_file(FILE)


if __name__ == "__main__":
    sys.stdout = io.StringIO()
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
