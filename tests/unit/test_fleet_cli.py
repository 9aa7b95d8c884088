"""`mutoscope fleet ray` on the command line, without Ray."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from mutoscope.cli import exits, program


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing option '--server'"),
        (["--server", "http://x", "--workers", "a=3:1"], "Invalid value for --workers: found 'a=3:1'; accepted is"),
        (["--server", "http://x", "--name", "a.b"], "'a.b': 1 to 24 letters, digits, dashes"),
        (["--server", "http://x", "--label", "a b"], "'a b': 1 to 63 letters"),
        (["--server", "http://x", "--keep-warm-s", "-1"], "-1.0 is not in the range x>=0"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(words: list[str], said: str) -> None:
    """Before anything is connected to."""
    told = CliRunner(env={"MUTOSCOPE_WORKER_TOKEN": "wt_x"}).invoke(program, ["fleet", "ray", *words])
    assert (told.exit_code, said in told.output) == (exits.USAGE, True), told.output


def test_without_a_token_nothing_begins() -> None:
    """And it says where one comes from."""
    env = {"MUTOSCOPE_WORKER_TOKEN": None}
    told = CliRunner(env=env).invoke(program, ["fleet", "ray", "--server", "http://x"])
    assert (told.exit_code, "mutoscope keys create --scope worker" in told.output) == (exits.USAGE, True)


def test_without_the_package_it_is_named(tmp_path: Any) -> None:
    """As is the command that installs it; help needs none of it."""
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "from mutoscope.cli import program\n"
        "program(['fleet', 'ray', '--server', 'http://127.0.0.1:9'])"
    )
    environment = {"MUTOSCOPE_WORKER_TOKEN": "wt_x", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (told.returncode, "pip install 'mutoscope[ray]'" in told.stderr) == (exits.USAGE, True), told.stderr
