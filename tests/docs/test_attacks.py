"""The table of attacks is the tests': every test has its row, every row its test, and there are enough of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| .+ \| .+ \| `(test_\w+\.py::[^`]+)` \|$", re.MULTILINE)
FEWEST = 60


@pytest.mark.slow
def test_every_attack_has_its_row_and_every_row_its_attack() -> None:
    """Asked of pytest, apart from what wrote the table."""
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:randomly", "tests/attacks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    tests = {line.removeprefix("tests/attacks/") for line in asked.stdout.splitlines() if "::" in line}
    rows = set(ROW.findall((ROOT / "docs" / "explanation" / "attacks.md").read_text("utf-8")))

    assert len(rows) >= FEWEST
    assert rows == {test.replace("|", "") for test in tests}
