"""A test that cannot be interrupted does not hold a run, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFTEST = """
from tests.watchdog import Watchdog

def pytest_configure(config):
    config.pluginmanager.register(Watchdog(config, grace_s=0.5))
"""

TEST = """
import subprocess, time
import pytest

@pytest.mark.timeout(1)
def test_hangs():
    sleeper = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE)
    open("sleeper", "wb").write(sleeper.stdout.readline())
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc to find grandchildren in")
def test_what_hangs_for_good_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """It is named, its stack is told, its grandchild is dead."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "test_it.py"]
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 1
    assert "test_it.py::test_hangs hangs; its process is ended" in run.stderr
    assert "in test_hangs" in run.stderr
    sleeper = Path("/proc", (tmp_path / "sleeper").read_text().strip(), "stat")
    assert not sleeper.exists() or ") Z " in sleeper.read_text()  # dead, if not yet buried
