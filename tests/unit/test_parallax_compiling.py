"""What is compiled is kept, and kept apart from what was compiled of another text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mutoscope.engines.parallax import compiling
from mutoscope.engines.parallax.compiling import compiled, fma

CALLS = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from mutoscope.engines.parallax.kernels import _blend
total, colour, alpha = np.zeros(1, np.float32), np.ones(1, np.float32), np.full(1, 255, np.float32)
_blend(1, total, colour, alpha)
print(float(total[0]))
"""


@pytest.mark.slow
def test_a_kernel_that_is_called_from_another_file_may_change(tmp_path: Path) -> None:
    """The old one does not run on inside the kernels that call it, nor is the same text compiled twice."""
    sources = tmp_path / "sources"
    package = Path(compiling.__file__).parents[3]
    shutil.copytree(package / "mutoscope", sources / "mutoscope", ignore=shutil.ignore_patterns("__pycache__"))
    assert called(sources, tmp_path / "cache") == 1
    kept = sorted(path.name for path in (tmp_path / "cache").rglob("*.nbi"))
    assert any("_blend" in name for name in kept)
    assert called(sources, tmp_path / "cache") == 1
    assert sorted(path.name for path in (tmp_path / "cache").rglob("*.nbi")) == kept

    changed = sources / "mutoscope" / "engines" / "parallax" / "compiling.py"
    changed.write_text(changed.read_text().replace("builder.fma(*arguments)", "builder.fneg(builder.fma(*arguments))"))
    assert called(sources, tmp_path / "cache") == -1


def called(sources: Path, cache: Path) -> float:
    plain = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", CALLS, str(sources)]
    done = subprocess.run(
        command, env=plain | {"MUTOSCOPE_CACHE": str(cache)}, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@compiled
def _fused(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    return fma(a, b, c)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("a", "b", "c"), [(1 + 2**-12, 1 + 2**-12, -1.0), (3.0, 1 / 3, -1.0), (0.1, 10.0, -1.0), (1e30, 1e9, 1.0)]
)
def test_multiplying_and_adding_rounds_once(a: float, b: float, c: float) -> None:
    """As IEEE 754 has it, also where a product rounded by itself would give something else."""
    told = [np.float32(value) for value in (a, b, c)]
    with np.errstate(over="ignore"):
        exact = np.float32(np.longdouble(told[0]) * np.longdouble(told[1]) + np.longdouble(told[2]))
    assert _fused(*told) == exact
