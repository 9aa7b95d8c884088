"""What comes into sight behind things, against the truth: a drawn scene is seen from two places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.render
def test_what_a_move_uncovers_is_closer_to_the_truth_than_a_sheet_of_rubber() -> None:
    """True depth, scenes of families the depth head never saw; the full set is in metrics.json."""
    command = [sys.executable, "-m", "training.depth.second_view", "--scenes", "9", "--true-depth-only"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    metrics: dict[str, float] = json.loads(done.stdout)
    assert metrics["scenes"] >= 6
    assert metrics["engine_true_depth_uncovered_db"] > 20
    assert metrics["engine_true_depth_uncovered_db"] > metrics["rubber_sheet_uncovered_db"] + 3
    assert metrics["engine_true_depth_whole_db"] > 33
    assert metrics["engine_true_depth_whole_db"] > metrics["rubber_sheet_whole_db"] + 2
