"""What is logged of a defect: where it happened, and nothing that a caller sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEFECT = """
import structlog
from mutoscope import logs

def answer(prompt, key):
    raise RuntimeError("a defect near " + prompt)

logs.configure(FORMAT, "info")
try:
    answer("".join(["PLAN", "TED"]), "".join(["mk_PLAN", "TED"]))  # the line itself is no leak
except RuntimeError as exc:
    structlog.get_logger().error("http.defect", exc_info=exc)
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_traceback_shows_no_values(log_format: str) -> None:
    """Neither local variables nor the words of an exception: they hold keys, prompts and data URIs."""
    code = DEFECT.replace("FORMAT", repr(log_format))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=60, check=True
    )
    assert "RuntimeError: [hidden]" in done.stderr
    assert "in answer" in done.stderr
    assert "PLANTED" not in done.stderr


SECRETS = {
    "key": "mk_4oD0nRX3ZkPLANTED",
    "header": "Authorization: Bearer PLANTED-by-somebody",
    "signed": "http://127.0.0.1:8000/v1/files/77d2/a.png?expires=1&signature=PLANTED",
    "login": "https://me:PLANTED@example.com/a.png",
    "file": "data:image/png;base64,PLANTED",
    "deep": {"list": ["whsec_PLANTEDPLANTED"]},
}


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_what_looks_like_a_secret_is_taken_out(log_format: str) -> None:
    """Whatever its place in the line: ours is the last look before it is written."""
    done = _python(
        "import logging, structlog; from mutoscope import logs\n"
        f"logs.configure({log_format!r}, 'info')\n"
        f"for name, secret in {SECRETS!r}.items():\n"
        "    structlog.get_logger().info(f'{name} seen', value=secret)\n"
        "    logging.getLogger('library').warning('%s seen: %s', name, secret)"
    )
    lines = done.splitlines()
    assert [name for line in lines for name in SECRETS if f"{name} seen" in line] == [n for n in SECRETS for _ in "ab"]
    assert [line.count("[hidden]") for line in lines] == [1] * 2 * len(SECRETS)
    assert "PLANTED" not in done


def test_every_line_is_json_whoever_wrote_it() -> None:
    """Libraries, warnings, and what ends a process or a thread."""
    done = _python(
        "import logging, threading, warnings, structlog; from mutoscope import logs\n"
        "logs.configure('json', 'info')\n"
        "logging.getLogger('uvicorn.error').warning('Invalid HTTP request received.')\n"
        "warnings.warn('careful')\n"
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()\n"
        "raise RuntimeError('the end')",
        returncode=1,
    )
    told = [json.loads(line) for line in done.splitlines()]
    events = [line["event"] for line in told]
    assert events[0] == "Invalid HTTP request received."
    assert "careful" in events[1]
    assert events[2:] == ["process.defect", "process.defect"]
    assert "ZeroDivisionError" in told[2]["exception"]


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_processes_that_share_a_log_do_not_cut_each_others_lines(unbuffered: str, tmp_path: Path) -> None:
    """Short lines and lines longer than any buffer, through structlog and through logging."""
    code = (
        "import logging, structlog; from mutoscope import logs\n"
        "logs.configure('json', 'info')\n"
        "for length in [10, 100, 20_000] * 100:\n"
        "    structlog.get_logger().info('ours', value='a' * length)\n"
        "    logging.getLogger('library').warning('b' * length)"
    )
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with (tmp_path / "log").open("wb") as log:
        writers = [subprocess.Popen([sys.executable, "-c", code], stderr=log, env=env) for _ in range(3)]
        assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    lines = (tmp_path / "log").read_text("utf-8").splitlines()
    assert len(lines) == 3 * 300 * 2
    assert {json.loads(line)["event"][:1] for line in lines} == {"o", "b"}


def _python(code: str, *, returncode: int = 0) -> str:
    """What a program writes on standard error."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == returncode, done.stderr
    return done.stderr
