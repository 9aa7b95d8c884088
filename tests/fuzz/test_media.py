"""Damaged files to what measures and decodes them: a MediaError by name or an answer, never a crash or a traceback.

Two fuzzers. Damage by seed goes through the confined child, as everything does in a server. Where atheris is installed
it also guides damage by the coverage of our own readers, in a process of its own (`python -m tests.fuzz.guided`).
"""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mutoscope.errors import MediaError
from mutoscope.media.sandbox import Prober
from tests.fuzz.mutation import BODIES, SEED, damaged_bytes
from tests.fuzz.seeds import files

pytestmark = [pytest.mark.slow, pytest.mark.fuzz, pytest.mark.timeout(3600)]

DAMAGED = BODIES * 2 // 12
GUIDED = BODIES * 2 // 12
KNOWN = {
    *("damaged", "truncated", "format", "codec", "max_side", "max_pixels", "max_frames", "decode"),
    *("probe_limit", "probe_timeout"),
}


def test_damaged_files_are_answered_or_refused_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every kind of file that is accepted, damaged anywhere but more often in its first bytes."""
    dice = random.Random(SEED)
    seen: Counter[str] = Counter()
    good = files()
    with Prober() as prober:
        for number in range(DAMAGED):
            content = dice.choice(good)
            cut = dice.choice([64, 512, len(content)])
            bad = damaged_bytes(dice, content[:cut]) + content[cut:]
            (tmp_path / "file").write_bytes(bad)
            try:
                (prober.load if number % 4 == 0 else prober.probe)(tmp_path / "file")
                seen["answered"] += 1
            except MediaError as exc:
                assert exc.rule in KNOWN, (exc.message, bad[:200])
                seen[exc.rule] += 1

    assert sum(seen.values()) == DAMAGED
    assert seen["answered"] and seen["damaged"] and seen["truncated"], seen
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed: none for this system"
)
def test_guided_damage_finds_no_way_through_the_readers(tmp_path: Path) -> None:
    """The walkers of every format, instrumented; anything but a MediaError ends the process with a find."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, content in enumerate(files()):
        (corpus / str(number)).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", str(corpus), f"-runs={GUIDED}", f"-seed={SEED}", "-max_len=65536"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert f"Done {GUIDED} runs in" in done.stderr, done.stderr[-1000:]
