"""What is logged of a defect: where it happened, and nothing that a caller sent."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DEFECT = """
import structlog
from mutoscope import logs

def answer(prompt, key):
    raise RuntimeError("a defect")

logs.configure(FORMAT, "info")
try:
    answer("".join(["PLAN", "TED"]), "".join(["mk_PLAN", "TED"]))  # the line itself is no leak
except RuntimeError as exc:
    structlog.get_logger().error("http.defect", exc_info=exc)
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_traceback_shows_no_values(log_format: str) -> None:
    """Local variables hold keys, prompts and data URIs."""
    code = DEFECT.replace("FORMAT", repr(log_format))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=60, check=True
    )
    assert "RuntimeError: a defect" in done.stderr
    assert "in answer" in done.stderr
    assert "PLANTED" not in done.stderr
