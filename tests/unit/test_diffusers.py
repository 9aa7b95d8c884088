"""The arithmetic and the order of things around a pipeline; nothing here needs torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mutoscope.catalog import Catalog, check_engines
from mutoscope.engines import registry
from mutoscope.engines.diffusers import weights
from mutoscope.engines.diffusers.families import FAMILIES
from mutoscope.engines.diffusers.plan import read_plan
from mutoscope.engines.diffusers.retime import retimed
from mutoscope.engines.diffusers.shelf import Shelf
from mutoscope.engines.diffusers.wanted import legal_frames, legal_size, read_wanted
from mutoscope.errors import ConfigError, EngineError, MediaError
from mutoscope.media.weights import check_safetensors


def plan(model: str, **settings: Any) -> Any:
    return read_plan({"model": f"/{model}", "family": "ltx", **settings})


@pytest.mark.slow
def test_the_server_imports_no_torch() -> None:
    """What the engine can do is told without it."""
    code = (
        "import sys; from mutoscope import app; from mutoscope.engines import registry; "
        "registry.capabilities('diffusers').lacks({'model': '/nowhere', 'family': 'ltx'}); "
        "sys.exit(bool({'torch', 'diffusers', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("family", "asked", "legal"),
    [
        ("ltx", 121, 121),
        ("ltx", 10, 9),
        ("ltx", 1, 9),
        ("ltx", 5000, 257),
        ("wan-2.1", 80, 81),
        ("wan-2.1", 241, 81),
        ("mochi", 100, 103),
        ("svd", 14, 14),
        ("flux", 7, 1),
    ],
)
def test_the_nearest_legal_length_is_made(family: str, asked: int, legal: int) -> None:
    assert legal_frames(FAMILIES[family], asked) == legal


def test_lengths_keep_their_time_at_another_rate() -> None:
    """Five seconds are five seconds, also of a model that knows 16 frames a second only."""
    wanted = read_wanted(FAMILIES["wan-2.1"], {"num_frames": 121, "fps": 24}, [(832, 480)])
    assert (wanted.num_frames, wanted.fps, wanted.made_frames, wanted.made_fps) == (121, 24.0, 81, 16.0)
    assert read_wanted(FAMILIES["wan-2.1"], {"duration_s": 5, "fps": 24}, []).num_frames == 120
    paced = read_wanted(FAMILIES["ltx"], {"num_frames": 121, "fps": 30}, [])
    assert (paced.made_frames, paced.made_fps) == (121, 30.0)


@pytest.mark.parametrize("multiple_px", [8, 16, 32, 64])
def test_sizes_are_legal_whatever_is_asked_for(multiple_px: int) -> None:
    """Multiples, within the area, and of about the shape."""
    for asked in [(832, 480), (480, 832), (1000, 1000), (4000, 300), (62, 48), (1920, 1088)]:
        width_px, height_px = legal_size(*asked, multiple_px, 1280 * 704)
        assert width_px % multiple_px == height_px % multiple_px == 0
        assert width_px * height_px <= 1280 * 704
        assert (width_px >= height_px) == (asked[0] >= asked[1]) or multiple_px == 64


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"width_px": 63, "height_px": 48}, "width_px: found 63"),
        ({"fps": 500}, "fps: found 500"),
        ({"num_frames": 1}, "1 frames"),
        ({"resolution": "8k"}, "resolution: found '8k'"),
        ({"aspect_ratio": "16:0"}, "aspect_ratio: found '16:0'"),
    ],
)
def test_what_no_file_can_have_is_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(EngineError, match=named):
        read_wanted(FAMILIES["ltx"], values, [])


def test_frames_between_frames_are_moved_not_mixed() -> None:
    """A bright square that goes 8 px to the right is seen half way in the middle, in one piece."""
    frames = [np.zeros((64, 96, 3), np.uint8) for _ in range(2)]
    rng = np.random.default_rng(1)
    texture = rng.integers(90, 256, (24, 24, 1), np.uint8)
    for frame, left in zip(frames, (24, 32), strict=True):
        frame[20:44, left : left + 24] = texture
    first, middle, last = retimed(frames, 3)
    assert (first == frames[0]).all()
    assert (last == frames[1]).all()
    there = np.zeros_like(frames[0])
    there[20:44, 28:52] = texture
    mixed = (frames[0].astype(int) + frames[1]) // 2
    assert np.abs(middle.astype(int) - there).mean() < 0.5 * np.abs(mixed - there).mean()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"family": "ltx-9"}, "family: found 'ltx-9'"),
        ({"model": "../weights"}, "model: found"),
        ({"offload": "disk"}, "offload: found 'disk'; accepted are none, model, sequential"),
        ({"compile": "yes"}, "compile: found 'yes'"),
        ({"max_area_px": True}, "max_area_px: found True"),
        ({"parameters": {"steps": 3}}, "parameters.steps: no such parameter"),
        ({"variant": "../x"}, "variant: found"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        read_plan({"model": "/weights", "family": "ltx", **settings})


def test_the_open_models_are_sound_and_hidden_until_they_can_run(tmp_path: Path) -> None:
    """Their manifests fit the engine; one is in the catalogue when asked for, or when its weights are here."""
    everything = Catalog.load(vendors=["open"])
    engine = {"diffusers": registry.capabilities("diffusers")}
    ours = [model.id for model in everything.models if model.engine == "diffusers"]
    assert len(ours) >= 10
    assert not check_engines(everything.models, engine)
    assert not [model for model in Catalog.load().models if model.engine == "diffusers"]

    folder = tmp_path / "Lightricks--LTX-Video" / "abc"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    (folder.parent / weights.PINS).write_text('{"revisions": {"main": "abc"}}')
    found = Catalog.load(is_here=lambda model: weights.is_here(model.engine_settings, tmp_path))
    assert [model.id for model in found.models if model.engine == "diffusers"] == [
        "lightricks/ltx-video/image-to-video"
    ]


def test_models_make_room_for_each_other() -> None:
    """Those that were not used for longest go; one that is there is not loaded again."""
    loaded: list[str] = []
    freed: list[int] = []

    def load(one: Any) -> str:
        loaded.append(one.model)
        return str(one.model)

    shelf = Shelf(load, lambda one: 40, lambda: 100, lambda: freed.append(len(loaded)))
    for name in ("a", "b", "a", "c", "a", "b"):
        assert shelf.take(plan(name)) == f"/{name}"
    assert loaded == ["/a", "/b", "/c", "/b"]
    assert len(freed) == 2
    assert shelf.clear_but(plan("b"))
    assert not shelf.clear_but(plan("b"))
    shelf.take(plan("b", precision="float32"))
    assert loaded[-1] == "/b"
    assert len(loaded) == 5


@pytest.mark.slow
def test_each_process_has_a_gpu_of_its_own(tmp_path: Path) -> None:
    """While there are enough; one that ended, however it did, leaves its own to the next."""
    code = (
        "import sys; from pathlib import Path; from mutoscope.engines.diffusers.gpus import claim; "
        f"folder = Path({str(tmp_path)!r}); assert claim(2, folder) == claim(2, folder); "
        "print(claim(2, folder), flush=True); sys.stdin.read()"
    )
    processes: list[subprocess.Popen[str]] = []

    def started() -> str:
        command = [sys.executable, "-c", code]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert processes[-1].stdout is not None
        return processes[-1].stdout.readline().strip()

    try:
        assert [started(), started()] == ["0", "1"]
        assert started() in {"0", "1"}
        processes[0].kill()
        processes[0].wait(30)
        assert started() == "0"
    finally:
        for process in processes:
            process.kill()
            process.communicate(timeout=30)


def test_weights_that_end_early_are_refused(tmp_path: Path) -> None:
    """And others that only look like safetensors."""
    head = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    whole = len(head).to_bytes(8, "little") + head + bytes(8)
    path = tmp_path / "weights"
    path.write_bytes(whole)
    check_safetensors(path)
    for wrong in (
        b"",
        whole[:-1],
        whole + b"x",
        whole[:20],
        bytes(8),
        b"\xff" * 8 + head,
        whole.replace(b'{"w"', b'["w"'),
    ):
        path.write_bytes(wrong)
        with pytest.raises(MediaError):
            check_safetensors(path)
