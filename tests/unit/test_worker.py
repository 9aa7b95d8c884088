"""The worker as a process of its own, against a small server that speaks the worker protocol."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mutoscope import workfolder
from mutoscope.fleet.local import LocalFleet
from mutoscope.link import Link, Refused
from mutoscope.protocol import Assignment, Beat, Claim, Finish, InputFile, Stored, decode, encode
from mutoscope.worker import CLAIM_WAIT_S

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-tests"
GOES_S = 60.0
"""How long a process may take to go; it takes a moment, but the machine of a test is seldom idle."""


class Desk:
    """The server's side of the worker protocol, in memory. `is_away` makes it drop every connection."""

    def __init__(self) -> None:
        self.jobs: list[Assignment] = []
        self.inputs: dict[str, bytes] = {}
        self.claims: list[Claim] = []
        self.beats: dict[str, list[Beat]] = {}
        self.uploads: dict[str, dict[str, bytes]] = {}
        self.finishes: dict[str, Finish] = {}
        self.answers = 0
        """How many of status 200 are with the worker, or on their way to it."""
        self.lost: set[str] = set()
        self.is_away = False
        self.refusal = ""
        self.worker_pid = 0
        self.poll_s = 5.0
        """How long a worker waits for an answer when there is nothing to do."""
        self.changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def add(self, *, files: tuple[InputFile, ...] = (), kind: str = "video", **given: Any) -> str:
        """Queue one request; keywords are fields of Assignment, all others are the engine's parameters."""
        names = {field.name for field in dataclasses.fields(Assignment)}
        request_id = f"request-{next(self._numbers)}"
        parameters = {"num_frames": 2, "width_px": 64, "height_px": 36}
        values: dict[str, Any] = {
            "request_id": request_id,
            "attempt": 1,
            "model_id": "test/card",
            "engine": "testcard",
            "settings": {"kind": kind},
            "parameters": parameters | {key: value for key, value in given.items() if key not in names},
            "files": files,
            "produces": kind,
            "seed": 7,
            "time_limit_s": 60.0,
            "lease_s": 60.0,
            "beat_s": 0.2,
        }
        with self.changed:
            self.jobs.append(Assignment(**values | {key: value for key, value in given.items() if key in names}))
            self.changed.notify_all()
        return request_id

    def wait(self, until: Callable[[], Any], *, timeout_s: float = 60.0) -> None:
        with self.changed:
            assert self.changed.wait_for(until, timeout_s), "it did not happen in time"

    def finish_of(self, request_id: str, *, timeout_s: float = 60.0) -> Finish:
        self.wait(lambda: request_id in self.finishes, timeout_s=timeout_s)
        return self.finishes[request_id]

    def is_finished(self, request_id: str, *, within_s: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: request_id in self.finishes, within_s)

    def wait_for_beat(self, request_id: str) -> None:
        self.wait(lambda: self.beats.get(request_id))

    def close(self) -> None:
        self.is_away = True
        with self.changed:
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # Answers: (status, body).

    def claim(self, body: bytes) -> tuple[int, Any]:
        claim = decode(Claim, json.loads(body))
        if self.refusal:
            return 400, {"error_code": 400003, "message": self.refusal}
        with self.changed:
            self.claims.append(claim)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.jobs or self.is_away, min(claim.wait_s, self.poll_s))
            return (200, encode(self.jobs.pop(0))) if self.jobs and not self.is_away else (204, None)

    def beat(self, request_id: str, body: bytes) -> tuple[int, Any]:
        with self.changed:
            if request_id in self.lost:
                return 409, {"message": "the lease is lost"}
            self.beats.setdefault(request_id, []).append(decode(Beat, json.loads(body)))
            self.changed.notify_all()
        return 200, {}

    def upload(self, request_id: str, name: str, body: bytes) -> tuple[int, Any]:
        with self.changed:
            if request_id in self.lost:
                return 409, {"message": "the lease is lost"}
            self.uploads.setdefault(request_id, {})[name] = body
        return 200, encode(Stored(f"file-{name}", name, "video/mp4", len(body), hashlib.sha256(body).hexdigest()))

    def finish(self, request_id: str, body: bytes) -> tuple[int, Any]:
        with self.changed:
            if request_id in self.lost:
                return 409, {"message": "the lease is lost"}
            self.finishes[request_id] = decode(Finish, json.loads(body))
            self.changed.notify_all()
        return 200, {}


def _handler(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = self.path.removeprefix("/inputs/")
            self.answer(*((200, desk.inputs[path]) if path in desk.inputs else (404, b"")))

        def do_POST(self) -> None:
            body = self.body()
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            match self.path.split("/")[3:]:
                case ["checks", _]:
                    self.answer(404, {})
                case ["claim"]:
                    self.answer(*desk.claim(body))
                case ["requests", request_id, "beat"]:
                    self.answer(*desk.beat(request_id, body))
                case ["requests", request_id, "finish"]:
                    self.answer(*desk.finish(request_id, body))

        def do_PUT(self) -> None:
            path, _, query = self.path.partition("?")
            assert query == "attempt=1"
            _, _, _, _, request_id, _, name = path.split("/")
            self.answer(*desk.upload(request_id, name, self.body()))

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def answer(self, status: int, body: Any) -> None:
            if desk.is_away:
                self.close_connection = True
                return
            data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(data)}\r\n\r\n" if data else f"HTTP/1.1 {status} -\r\n"
            head = head if data else head + ("Content-Length: 0\r\n\r\n" if status != 204 else "\r\n")
            with contextlib.suppress(ConnectionError):  # a worker that was told to stop hangs up
                self.wfile.write(head.encode() + data)
            with desk.changed:
                desk.answers += status == 200
                desk.changed.notify_all()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextlib.contextmanager
def a_worker(desk: Desk, folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, until the end of the block."""
    environment = {
        **os.environ,
        "MUTOSCOPE_WORKER_SERVER": desk.url,
        "MUTOSCOPE_WORKER_TOKEN": TOKEN,
        "MUTOSCOPE_WORKER_ENGINES": "testcard",
        "MUTOSCOPE_WORKER_FOLDER": str(folder),
        **variables,
    }
    with subprocess.Popen([sys.executable, "-m", "mutoscope.worker"], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One server and one worker for all tests that leave both in order."""
    desk = Desk()
    try:
        with a_worker(desk, tmp_path_factory.mktemp("worker")) as worker:
            desk.worker_pid = worker.pid
            desk.wait(lambda: desk.claims)
            yield desk
    finally:
        desk.close()


@pytest.fixture
def quiet_desk() -> Iterator[Desk]:
    """A server without a worker."""
    desk = Desk()
    yield desk
    desk.close()


def a_picture(width_px: int, height_px: int, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width_px, height_px), (200, 30, 90)).save(file, format)
    return file.getvalue()


def an_image(desk: Desk, data: bytes, **fields: Any) -> InputFile:
    name = hashlib.sha256(data).hexdigest()
    desk.inputs[name] = data
    values: dict[str, Any] = {
        "path": "image_urls[0]",
        "parameter": "image",
        "url": f"/inputs/{name}",
        "kind": "image",
        "stored": True,
    }
    return InputFile(**values | fields)


# -- one attempt --------------------------------------------------------------------------------------------------


def test_a_request_is_performed_from_picture_to_stored_video(desk: Desk) -> None:
    """The output and a poster arrive, and the metadata says what they are."""
    picture = an_image(desk, a_picture(40, 30), accept=("png",))
    request_id = desk.add(files=(picture,), prompt="a cat", width_px=128, height_px=72, num_frames=6, fps=12)

    finish = desk.finish_of(request_id)
    desk.wait(lambda: "test/card" in desk.claims[-1].warm)

    assert (finish.outcome, finish.error) == ("completed", None)
    assert [stored.file_id for stored in finish.outputs] == ["file-output.mp4"]
    assert finish.poster is not None and finish.poster.file_id == "file-poster.jpg"
    uploads = desk.uploads[request_id]
    assert uploads["poster.jpg"].startswith(b"\xff\xd8")
    media = finish.metadata["media"]
    assert media.pop("sha256") == hashlib.sha256(uploads["output.mp4"]).hexdigest()
    assert media == {
        "width_px": 128,
        "height_px": 72,
        "num_frames": 6,
        "fps": 12.0,
        "duration_s": 0.5,
        "codec": "h264",
    }
    assert finish.metadata["engine"] == "testcard"
    assert finish.metadata["plan"]["ignored"]
    assert set(finish.metadata["timings"]) == {"fetch_s", "engine_s", "store_s"}


def test_why_a_server_does_not_take_a_worker_is_told(quiet_desk: Desk) -> None:
    """In the server's own words, so that the log says which of the two is to be upgraded."""
    quiet_desk.refusal = "the worker speaks 9: upgrade the server"
    with contextlib.closing(Link(quiet_desk.url, TOKEN, "far")) as link, pytest.raises(Refused) as refused:
        link.claim(("testcard",), wait_s=0)
    assert "(400): the worker speaks 9: upgrade the server" in refused.value.message


def test_several_pictures_come_back_in_order(desk: Desk) -> None:
    """Each output is a file of its own; `media` describes the first."""
    finish = desk.finish_of(desk.add(kind="image", num_images=3))
    assert [stored.name for stored in finish.outputs] == ["output-1.png", "output-2.png", "output-3.png"]
    assert finish.metadata["media"]["num_outputs"] == 3


def test_the_worker_adds_little_time_of_its_own(desk: Desk) -> None:
    """Twenty small requests, one after the other: no step starts a process, and none waits for the next beat."""
    desk.finish_of(desk.add())
    family = descendants(desk.worker_pid)
    requests = [desk.add(beat_s=3600.0, lease_s=7200.0) for _ in range(20)]
    assert {desk.finish_of(request).outcome for request in requests} == {"completed"}
    assert descendants(desk.worker_pid) == family


def test_what_the_engine_says_travels_with_the_beats(desk: Desk) -> None:
    """Printed noise and logged lines arrive, also from a request that is over before its first beat."""
    request_id = desk.add(print_lines=2, log_lines=1)
    desk.finish_of(request_id)
    lines = [line for beat in desk.beats[request_id] for line in beat.log]
    assert sorted(lines) == ["line 0", "printed 0", "printed 1"]


def test_what_the_engine_shows_is_handed_over(desk: Desk) -> None:
    """A picture is uploaded, and the beat after it names it."""
    request_id = desk.add(delay_s=2.5)
    assert desk.finish_of(request_id).outcome == "completed"
    assert desk.uploads[request_id]["preview.jpg"].startswith(b"\xff\xd8\xff")
    shown = [beat.shown for beat in desk.beats[request_id]]
    assert "file-preview.jpg" in shown
    assert set(shown) <= {"file-preview.jpg", ""}


def test_lines_are_bounded(desk: Desk) -> None:
    """An engine that talks without end costs two hundred lines."""
    request_id = desk.add(print_lines=5000)
    desk.finish_of(request_id)
    lines = [line for beat in desk.beats[request_id] for line in beat.log]
    assert len(lines) == 200
    assert lines[-1] == "(further lines are left out)"


def test_progress_is_told_while_the_engine_works(desk: Desk) -> None:
    """Beats carry a growing fraction and the engine's word for what it does."""
    request_id = desk.add(delay_s=60)
    desk.wait(lambda: len({beat.progress for beat in desk.beats.get(request_id, ())} - {0}) >= 2)
    desk.lost.add(request_id)
    fractions = [beat.progress for beat in desk.beats[request_id]]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction < 1 for fraction in fractions)
    assert "waiting" in {beat.stage for beat in desk.beats[request_id]}


# -- bad input ----------------------------------------------------------------------------------------------------

SHORTEST_SIDE = {
    "validation_rule": "width_pixels>=",
    "validation_value": 320,
    "validation_error": "The shortest side must be at least 320 pixels.",
}


def test_a_picture_that_breaks_a_rule_fails_the_request(desk: Desk) -> None:
    """The message names the field, the rule and what was found."""
    finish = desk.finish_of(desk.add(files=(an_image(desk, a_picture(300, 300), rules=(SHORTEST_SIDE,)),)))
    assert finish.outcome == "failed"
    assert finish.error is not None
    assert finish.error.startswith("image_urls[0]: ")
    assert "The shortest side must be at least 320 pixels" in finish.error
    assert "300 x 300 px" in finish.error


@pytest.mark.parametrize(
    ("data", "fields", "words"),
    [
        (b"GIF89a, or so it says", {"accept": ("gif",)}, "image_urls[0]: "),
        (a_picture(20, 20, "JPEG"), {"accept": ("png", "webp")}, "accepted are PNG and WebP"),
        (a_picture(21, 21), {"kind": "video", "accept": ("mp4",)}, "found an image (png); this field takes a video"),
        (a_picture(22, 22), {"url": "/inputs/gone"}, "no longer stored"),
        (a_picture(23, 23), {"url": "http://elsewhere.test/x"}, "outside"),
        (a_picture(24, 24), {"stored": False, "url": "https://127.0.0.1/x.png"}, "not a public address"),
    ],
    ids=["damaged", "format", "kind", "gone", "elsewhere", "private"],
)
def test_a_file_that_cannot_be_used_fails_the_request(
    desk: Desk, data: bytes, fields: dict[str, Any], words: str
) -> None:
    """Whatever is wrong with it, the request fails for good and nothing is rendered."""
    request_id = desk.add(files=(an_image(desk, data, **fields),))
    finish = desk.finish_of(request_id)
    assert finish.outcome == "failed"
    assert finish.error is not None and finish.error.startswith("image_urls[0]: ")
    assert words in finish.error
    assert request_id not in desk.uploads


# -- engines that fail --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail", "outcome", "error"),
    [
        ("error", "failed", "the test card was asked to fail"),
        ("retry", "retry", "the test card was asked to fail for now"),
        ("defect", "failed", "the engine failed: internal error"),
        ("crash", "retry", "the engine stopped unexpectedly (signal 9)"),
    ],
)
def test_a_failing_engine_ends_the_attempt_and_not_the_worker(desk: Desk, fail: str, outcome: str, error: str) -> None:
    """The next request is performed as if nothing had happened."""
    finish = desk.finish_of(desk.add(fail=fail))
    assert (finish.outcome, finish.error) == (outcome, error)
    assert desk.finish_of(desk.add()).outcome == "completed"


def test_the_wrong_kind_of_output_is_refused(desk: Desk) -> None:
    """An engine that makes pictures where a video was asked for does not get away with it."""
    finish = desk.finish_of(desk.add(kind="image", produces="video"))
    assert finish.outcome == "failed"
    assert finish.error == "the engine made an image; a video was asked for"


def test_an_engine_that_hangs_is_stopped_at_the_time_limit(desk: Desk) -> None:
    """The limit is the request's own; a new child serves the next request."""
    finish = desk.finish_of(desk.add(fail="hang", time_limit_s=0.5))
    assert (finish.outcome, finish.error) == ("failed", "exceeded the time limit of 0.5 s")
    assert desk.finish_of(desk.add()).outcome == "completed"


# -- the lease ----------------------------------------------------------------------------------------------------


def test_a_worker_that_lost_its_lease_drops_everything(desk: Desk) -> None:
    """After a 409 the child is killed at once; nothing is stored or finished, and the next request is served."""
    request_id = desk.add(fail="hang", beat_s=0.2, time_limit_s=3600.0, lease_s=3600.0)
    desk.wait_for_beat(request_id)
    desk.lost.add(request_id)

    following = desk.add()

    assert desk.finish_of(following).outcome == "completed"
    assert request_id not in desk.uploads
    assert request_id not in desk.finishes


@pytest.mark.slow
def test_a_server_that_is_away_for_a_while_costs_nothing(desk: Desk) -> None:
    """Two seconds without an answer, in the middle of a request, are waited out."""
    request_id = desk.add(delay_s=1.0, lease_s=600.0)
    desk.wait_for_beat(request_id)
    desk.is_away = True
    time.sleep(2)
    desk.is_away = False
    assert desk.finish_of(request_id).outcome == "completed"


@pytest.mark.slow
def test_a_worker_cut_off_for_longer_than_its_lease_gives_up(desk: Desk) -> None:
    """It stops by its own clock, because by then another worker may be at it."""
    request_id = desk.add(fail="hang", lease_s=2.0, beat_s=0.2, time_limit_s=3600.0)
    desk.wait_for_beat(request_id)
    asked = len(desk.claims)
    desk.is_away = True
    desk.wait(lambda: len(desk.claims) > asked)  # it asks for other work
    desk.is_away = False
    assert desk.finish_of(desk.add()).outcome == "completed"
    assert request_id not in desk.finishes


# -- going away ---------------------------------------------------------------------------------------------------


def test_an_idle_worker_goes_at_once(quiet_desk: Desk, tmp_path: Path) -> None:
    """SIGTERM interrupts the long poll; the folder is gone."""
    quiet_desk.poll_s = CLAIM_WAIT_S
    with a_worker(quiet_desk, tmp_path) as worker:
        quiet_desk.wait(lambda: quiet_desk.claims)
        worker.terminate()
        assert worker.wait(timeout=CLAIM_WAIT_S) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_worker_without_work_for_so_long_goes_by_itself(quiet_desk: Desk, tmp_path: Path) -> None:
    """What it had before is finished."""
    request_id = quiet_desk.add()
    command = [sys.executable, "-m", "mutoscope", "worker", "--server", quiet_desk.url, "--engine", "testcard"]
    environment = {**os.environ, "MUTOSCOPE_WORKER_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(tmp_path)}
    work = ["--idle-s", "0.2", "--folder", str(tmp_path / "work")]
    assert subprocess.run([*command, *work], env=environment, timeout=120, check=False).returncode == 0
    assert quiet_desk.finishes[request_id].outcome == "completed"


def test_work_that_was_under_way_to_a_worker_told_to_go_is_done(quiet_desk: Desk, tmp_path: Path) -> None:
    """The server has given it out: nobody else would do it before the lease ends."""
    quiet_desk.poll_s = CLAIM_WAIT_S
    with a_worker(quiet_desk, tmp_path) as worker:
        quiet_desk.wait(lambda: quiet_desk.claims)
        worker.send_signal(signal.SIGSTOP)  # what is sent to it now is under way until it goes on
        request_id = quiet_desk.add()
        quiet_desk.wait(lambda: quiet_desk.answers)
        worker.terminate()
        worker.send_signal(signal.SIGCONT)
        assert worker.wait(timeout=GOES_S) == 0
    assert quiet_desk.finishes[request_id].outcome == "completed"


@pytest.mark.slow
def test_a_draining_worker_finishes_what_it_has(quiet_desk: Desk, tmp_path: Path) -> None:
    """The request at hand is completed; the next one stays where it is."""
    with a_worker(quiet_desk, tmp_path) as worker:
        request_id = quiet_desk.add(delay_s=3)
        quiet_desk.wait_for_beat(request_id)
        worker.terminate()
        quiet_desk.add()
        assert worker.wait(timeout=GOES_S) == 0
    assert quiet_desk.finishes[request_id].outcome == "completed"
    assert len(quiet_desk.jobs) == 1


@pytest.mark.slow
def test_a_draining_worker_hands_back_what_takes_too_long(quiet_desk: Desk, tmp_path: Path) -> None:
    """After drain_s the attempt is released, so that it does not count."""
    with a_worker(quiet_desk, tmp_path, MUTOSCOPE_WORKER_DRAIN_S="0.3") as worker:
        request_id = quiet_desk.add(fail="hang")
        quiet_desk.wait_for_beat(request_id)
        worker.terminate()
        assert worker.wait(timeout=GOES_S) == 0
    assert quiet_desk.finishes[request_id].outcome == "released"


@pytest.mark.slow
@pytest.mark.parametrize("signals", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,)])
def test_an_impatient_stop_releases_at_once(
    quiet_desk: Desk, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    """A second SIGTERM, or Ctrl-C, does not wait for drain_s."""
    with a_worker(quiet_desk, tmp_path, MUTOSCOPE_WORKER_DRAIN_S="3600") as worker:
        request_id = quiet_desk.add(fail="hang")
        quiet_desk.wait_for_beat(request_id)
        for number in signals:
            worker.send_signal(number)
            time.sleep(0.1)
        deadline = time.monotonic() + GOES_S
        while not quiet_desk.is_finished(request_id, within_s=1.0) and time.monotonic() < deadline:
            worker.send_signal(signals[-1])  # two that come close together are one
        assert worker.wait(timeout=GOES_S) == 0
    assert quiet_desk.finishes[request_id].outcome == "released"


@pytest.mark.slow
def test_what_a_killed_worker_left_is_removed_by_the_next(quiet_desk: Desk, tmp_path: Path) -> None:
    """Folders of dead workers do not pile up; those of living ones are not touched."""
    with a_worker(quiet_desk, tmp_path) as worker:
        quiet_desk.wait(lambda: quiet_desk.claims)
        worker.kill()
        worker.wait()
    left = next(tmp_path.iterdir())
    with a_worker(quiet_desk, tmp_path) as worker:
        quiet_desk.wait(lambda: len({claim.worker_id for claim in quiet_desk.claims}) == 2)
        assert not left.exists()
        worker.terminate()
        worker.wait(timeout=GOES_S)


# -- the local fleet ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_fleet_starts_its_workers_again(quiet_desk: Desk, tmp_path: Path) -> None:
    """A worker that is killed comes back under its name, so that a drain still holds; drain ends all of them."""
    fleet = LocalFleet(quiet_desk.url, TOKEN, count=1, engines=["testcard"], folder=tmp_path)
    fleet.start()
    try:
        assert quiet_desk.finish_of(quiet_desk.add()).outcome == "completed"
        (first,) = fleet.workers()
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        asked = len(quiet_desk.claims)
        quiet_desk.wait(lambda: fleet.workers()[0].restarts == 1 and len(quiet_desk.claims) > asked)
        (second,) = fleet.workers()
        assert (second.state, second.worker_id) == ("running", first.worker_id)
        assert second.pid != first.pid
        assert fleet.drain(timeout_s=GOES_S)
        assert [worker.state for worker in fleet.workers()] == ["stopped"]
    finally:
        fleet.stop()


FLEET = """
import sys, time
from pathlib import Path
from mutoscope import worker
from mutoscope.fleet.local import LocalFleet
fleet = LocalFleet(sys.argv[1], sys.argv[2], count=2, engines=["testcard"], folder=Path(sys.argv[3]))
fleet.start()
time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see the processes")
def test_nothing_outlives_a_killed_server(quiet_desk: Desk, tmp_path: Path) -> None:
    """kill -9 of the process that holds the fleet, in the middle of a request, leaves no process."""
    with subprocess.Popen([sys.executable, "-c", FLEET, quiet_desk.url, TOKEN, str(tmp_path)]) as server:
        request_id = quiet_desk.add(fail="hang")
        quiet_desk.wait_for_beat(request_id)
        quiet_desk.wait(lambda: len({claim.worker_id for claim in quiet_desk.claims}) == 2)
        deadline = time.monotonic() + GOES_S
        while len(family := descendants(server.pid)) < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        server.kill()
    assert len(family) >= 6  # two workers, each with an engine and a prober
    deadline = time.monotonic() + GOES_S
    while any(map(is_running, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in family if is_running(pid)] == []


def descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(fields(stat)[1]), []).append(int(stat.parent.name))
    children = parents.get(pid, [])
    return children + [each for child in children for each in descendants(child)]


def is_running(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has reaped does not."""
    try:
        return fields(Path(f"/proc/{pid}/stat"))[0] != "Z"
    except OSError:
        return False


def fields(stat: Path) -> list[str]:
    """State, parent and so on: what follows the name in brackets."""
    return stat.read_text().rpartition(")")[2].split()


def test_workers_that_start_together_leave_each_other_alone(tmp_path: Path) -> None:
    """A folder that is not locked yet must not be taken for one that a dead worker left."""

    def move_in(number: int) -> bool:
        with workfolder.own_folder(tmp_path, f"worker-{number}") as own:
            return (own / workfolder.LOCK).exists()

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(move_in, range(400)))
