"""Probing happens in a process that may die; the prober goes on."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import mutoscope
from mutoscope.errors import MediaError
from mutoscope.media.probe import probe
from mutoscope.media.sandbox import Prober
from tests.unit.test_media_probe import encoded

pytestmark = pytest.mark.slow
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(mutoscope.__file__).parent.parent)}


@pytest.fixture
def prober() -> Iterator[Prober]:
    """A prober whose helper ends with the test."""
    with Prober() as prober:
        yield prober


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small PNG."""
    path = tmp_path / "picture"
    Image.new("RGB", (40, 30), (9, 9, 9)).save(path, "png")
    return path


def helper_of(prober: Prober) -> int:
    """The process id of the warm helper."""
    pid = prober._helpers[-1].pid
    assert pid is not None
    return pid


def test_the_helper_says_what_probe_says(prober: Prober, picture: Path) -> None:
    """The same answer across the pipe."""
    assert prober.probe(picture) == probe(picture)


def test_a_refusal_comes_back_with_its_rule(prober: Prober, tmp_path: Path) -> None:
    """And the helper is still the same afterwards."""
    (tmp_path / "text").write_text("hello")

    for _ in range(2):
        with pytest.raises(MediaError, match="found text; accepted are") as caught:
            prober.probe(tmp_path / "text")
        assert caught.value.rule == "format"


def test_a_missing_file_is_a_refusal(prober: Prober, tmp_path: Path) -> None:
    """Not a crash."""
    with pytest.raises(MediaError, match="the file is gone"):
        prober.probe(tmp_path / "nothing")


def test_a_file_that_takes_too_long_is_given_up(prober: Prober, picture: Path, tmp_path: Path) -> None:
    """A pipe that nobody writes to blocks its reader; the next file is measured by the same helper."""
    os.mkfifo(tmp_path / "pipe")
    prober.probe(picture)
    helper = helper_of(prober)

    with pytest.raises(MediaError, match=r"within 0\.2 s") as caught:
        prober.probe(tmp_path / "pipe", timeout_s=0.2)

    assert caught.value.rule == "probe_timeout"
    assert prober.probe(picture).width_px == 40
    assert helper_of(prober) == helper


def test_a_helper_that_was_killed_is_started_again(prober: Prober, picture: Path) -> None:
    """The file is measured all the same."""
    prober.probe(picture)
    helper = helper_of(prober)
    os.kill(helper, signal.SIGKILL)

    assert prober.probe(picture).width_px == 40
    assert helper_of(prober) != helper


@pytest.mark.slow
def test_a_helper_that_hangs_is_replaced(prober: Prober, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped process answers nothing: one caller gets an error in bounded time, the next one an answer."""
    prober.probe(picture)
    os.kill(helper_of(prober), signal.SIGSTOP)

    with monkeypatch.context() as patch, pytest.raises(MediaError, match="did not end"):
        patch.setattr("mutoscope.media.sandbox._GRACE_S", 0.2)
        prober.probe(picture, timeout_s=0.1)

    assert prober.probe(picture).width_px == 40


def test_threads_share_one_helper(prober: Prober, tmp_path: Path) -> None:
    """Each gets the answer to its own question."""
    found: dict[int, int] = {}

    def measure(width: int) -> None:
        path = tmp_path / str(width)
        Image.new("L", (width, 8)).save(path, "png")
        found[width] = prober.probe(path).width_px

    threads = [threading.Thread(target=measure, args=(width,)) for width in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {width: width for width in range(1, 13)}


def test_a_closed_prober_leaves_no_process_and_can_be_used_again(picture: Path) -> None:
    """Closing twice does no harm."""
    prober = Prober()
    prober.probe(picture)
    helper = helper_of(prober)
    prober.close()
    prober.close()

    with pytest.raises(ProcessLookupError):
        os.kill(helper, 0)
    with prober:
        assert prober.probe(picture).width_px == 40


def test_the_helper_dies_with_its_parent(picture: Path) -> None:
    """The parent is killed without a chance to tidy up."""
    program = (
        "import pathlib, os, sys\n"
        "from mutoscope.media.sandbox import Prober\n"
        "prober = Prober()\n"
        "prober.probe(pathlib.Path(sys.argv[1]))\n"
        "print(prober._helpers[-1].pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(picture)], stdout=subprocess.PIPE, check=False, env=ENVIRONMENT
    )

    assert done.returncode == -signal.SIGKILL
    assert _ends(int(done.stdout), within_s=60.0)


def _ends(pid: int, within_s: float) -> bool:
    ends_at = time.monotonic() + within_s
    while time.monotonic() < ends_at:
        try:
            os.kill(pid, 0)
            if "(zombie)" in Path(f"/proc/{pid}/status").read_text():
                return True  # dead, and waiting for a new parent that does not collect it
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_helper_knows_no_secrets(prober: Prober, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment holds what Python needs and nothing of ours."""
    monkeypatch.setenv("MUTOSCOPE_API_KEY", "mk_secret")
    prober.probe(picture)

    environment = Path(f"/proc/{helper_of(prober)}/environ").read_bytes()

    assert b"mk_secret" not in environment
    assert len(environment.strip(b"\0").split(b"\0")) <= 4


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce these limits")
@pytest.mark.parametrize(
    ("greed", "error"),
    [
        ("bytearray(2**30)", b"MemoryError"),
        ("open('/dev/null')", b"Operation not permitted"),
        ("os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)", b"Operation not permitted"),
        ("socket.socket()", b"Operation not permitted"),
        ("os.fork()", b"Operation not permitted"),
        ("os.execv('/bin/true', ['true'])", b"Operation not permitted"),
        ("os.kill(os.getppid(), 0)", b"Operation not permitted"),
        ("os.write(mine, b'x')", b"File too large"),
    ],
)
def test_a_child_cannot_take_more_than_its_share(tmp_path: Path, greed: str, error: bytes) -> None:
    """Memory, files, the network, other processes, and writing at all."""
    program = (
        "import os, signal, socket, sys\n"
        "from mutoscope.media.confine import Limits, confine\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "mine = os.open(sys.argv[1] + '.mine', os.O_CREAT | os.O_WRONLY)\n"
        f"confine(Limits(memory_bytes=2**29, cpu_s=10))\n{greed}\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "file")], capture_output=True, check=False, env=ENVIRONMENT
    )

    assert error in done.stderr, done.stderr
    assert not (tmp_path / "file").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce these limits")
def test_a_child_says_what_confines_it(prober: Prober) -> None:
    """All of it on Linux, where the tests run; the filter on the two kinds of machine that it knows."""
    known = {"computing time", "file size", "open files", "processes", "core dumps", "memory", "no new privileges"}
    filtered = {"system call filter"} if platform.machine() in ("x86_64", "aarch64") else set()

    assert set(prober.protections()) == known | filtered


def spoken(path: Path, format: str, codec: str) -> Path:
    """A fifth of a second of silence."""
    with av.open(str(path), "w", format=format) as container:
        stream: Any = container.add_stream(codec, rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.float32), format="flt", layout="mono")
        frame.sample_rate = 48_000
        resampler = av.AudioResampler(format=stream.format, layout=stream.layout, rate=48_000, frame_size=960)
        for part in [*resampler.resample(frame)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("format", "codec"),
    [
        *(("mp4", "libx264"), ("mp4", "libx265"), ("mp4", "libsvtav1"), ("mov", "libx264"), ("mov", "mpeg4")),
        *(("webm", "libvpx-vp9"), ("webm", "libvpx"), ("matroska", "libx264"), ("matroska", "ffv1")),
        *(("mp3", "libmp3lame"), ("flac", "flac"), ("ogg", "libopus"), ("ipod", "aac"), ("wav", "pcm_s16le")),
    ],
)
def test_every_container_is_measured_without_opening_anything(
    prober: Prober, tmp_path: Path, format: str, codec: str
) -> None:
    """What a library would open or start on its way, threads or modules of its own, is not needed."""
    path = (encoded if av.Codec(codec, "w").type == "video" else spoken)(tmp_path / "file", format, codec)

    assert prober.probe(path) == probe(path)


def test_a_slow_file_does_not_hold_up_the_next(picture: Path, tmp_path: Path) -> None:
    """Another helper of the same prober measures it meanwhile."""
    os.mkfifo(tmp_path / "pipe")
    with Prober(2) as prober, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(prober.probe, tmp_path / "pipe", 120.0)
        assert prober.probe(picture, 120.0).width_px == 40
        assert not slow.done()
        (tmp_path / "pipe").write_bytes(b"")
        with pytest.raises(MediaError):
            slow.result(120)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child in /proc")
def test_a_decoder_that_dies_half_way_is_a_refusal(prober: Prober, picture: Path) -> None:
    """Killed from outside while its pixels are on the way; the helper and the next picture are none the worse."""
    large = picture.with_name("large")
    Image.effect_noise((6000, 6000), 50).save(large, "png", compress_level=1)
    prober.probe(picture)
    helper = helper_of(prober)
    while _children(helper):
        time.sleep(0.001)  # the one that measured is about to go
    timer = threading.Thread(target=_kill_children, args=(helper,))
    timer.start()
    with pytest.raises(MediaError, match="crash"):
        prober.load(large)
    timer.join()

    assert prober.load(picture).shape == (30, 40, 3)
    assert helper_of(prober) == helper


def _kill_children(parent: int) -> None:
    """SIGSEGV to the first child that shows up."""
    while not (found := _children(parent)):
        time.sleep(0.001)
    os.kill(found[0], signal.SIGSEGV)


def _children(parent: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@pytest.mark.slow
def test_a_warm_probe_starts_nothing(prober: Prober, picture: Path) -> None:
    """Fifty by one helper: each takes a few milliseconds."""
    prober.probe(picture)
    helper = helper_of(prober)
    for _ in range(50):
        prober.probe(picture)

    assert helper_of(prober) == helper
