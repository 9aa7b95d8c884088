"""What a worker tells of itself beside its engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutoscope.ability import MOST_WARM, Ability, gpu_memory_gb


def test_what_is_loaded_is_what_a_living_engine_ran_last() -> None:
    """The oldest is forgotten, and all of an engine that started anew."""
    can = Ability()
    for number in range(MOST_WARM + 1):
        can.ran("diffusers", f"model-{number}")
    can.ran("diffusers", "model-1")
    can.ran("testcard", "card")
    assert can.warm == ("card", *(f"model-{number}" for number in range(1, MOST_WARM + 1)))
    can.started("diffusers")
    assert can.warm == ("card",)


@pytest.mark.parametrize(
    ("said", "environ", "gb"),
    [
        ("24576\n49152\n", {}, 24.0),
        ("49152\n", {"CUDA_VISIBLE_DEVICES": "1"}, 48.0),
        ("[N/A]\n", {}, 0.0),
        ("24576\n", {"CUDA_VISIBLE_DEVICES": ""}, 0.0),
        (None, {}, 0.0),
    ],
)
def test_memory_of_the_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, environ: dict[str, str], gb: float
) -> None:
    """The smallest of those that may be used, by the driver's own tool; 0 without one."""
    if said is not None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\nprintf '{said}'\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin" if said else str(tmp_path))
    assert gpu_memory_gb(environ) == gb
    if environ.get("CUDA_VISIBLE_DEVICES"):
        assert "--id=1" in (tmp_path / "asked").read_text()
