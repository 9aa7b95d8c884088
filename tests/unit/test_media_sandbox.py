"""Probing happens in a process that may die; the prober goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import mutoscope
from mutoscope.errors import MediaError
from mutoscope.media.probe import probe
from mutoscope.media.sandbox import Prober

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
    assert prober._helper is not None
    return prober._helper.pid


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
    helper, began = helper_of(prober), time.monotonic()

    with pytest.raises(MediaError, match=r"within 0\.2 s") as caught:
        prober.probe(tmp_path / "pipe", timeout_s=0.2)

    assert caught.value.rule == "probe_timeout"
    assert time.monotonic() - began < 2.0
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
        "print(prober._helper.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(picture)], stdout=subprocess.PIPE, check=False, env=ENVIRONMENT
    )

    assert done.returncode == -signal.SIGKILL
    assert _ends(int(done.stdout), within_s=5.0)


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
        ("[open('/dev/null') for _ in range(100)]", b"Too many open files"),
        ("open(sys.argv[1], 'wb', 0).write(b'x')", b"File too large"),
    ],
)
def test_a_child_cannot_take_more_than_its_share(tmp_path: Path, greed: str, error: bytes) -> None:
    """Memory, open files, and writing at all."""
    program = f"import sys\nfrom mutoscope.media import sandbox\nsandbox._limit_ourselves()\n{greed}\n"

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "file")], capture_output=True, check=False, env=ENVIRONMENT
    )

    assert error in done.stderr


@pytest.mark.slow
def test_a_warm_probe_is_quick(prober: Prober, picture: Path) -> None:
    """A few milliseconds here; the bound is wide for busy machines."""
    prober.probe(picture)
    began = time.monotonic()
    for _ in range(50):
        prober.probe(picture)

    assert (time.monotonic() - began) / 50 < 0.05
