"""The ComfyUI engine against a server that speaks its protocol, attempt by attempt."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mutoscope.engines.base import Produced, Task
from mutoscope.engines.comfyui import Comfyui, following
from mutoscope.engines.comfyui.client import Away, Client
from mutoscope.errors import EngineError, MediaError
from mutoscope.media.probe import probe
from mutoscope.testing import Notes, a_picture
from tests import comfy
from tests.comfy import Comfy
from tests.conftest import REPOSITORY
from tests.http.calls import until
from tests.workflows import FILM, FILM_INPUTS, STILL, STILL_INPUTS, node

pytestmark = pytest.mark.slow
REAL = "MUTOSCOPE_TEST_COMFYUI_FOLDER"


@pytest.fixture(scope="module")
def server() -> Iterator[Comfy]:
    with comfy.running() as server:
        yield server


@pytest.fixture(autouse=True)
def as_before(server: Comfy) -> Iterator[None]:
    """No test leaves the server slow or held."""
    yield
    server.step_s, server.takes_ids = 0.0, True
    server.hold.clear()


@pytest.fixture
def task(server: Comfy, tmp_path: Path) -> Callable[..., Task]:
    """Makes tasks; keywords are settings, `parameters` and `remembered`."""
    count = iter(range(100))

    def make(
        parameters: Mapping[str, Any] | None = None, remembered: Mapping[str, Any] | None = None, **settings: Any
    ) -> Task:
        folder = tmp_path / f"task-{next(count)}"
        folder.mkdir()
        given = {"servers": [server.url], "workflow": STILL, "inputs": STILL_INPUTS, "seed": "3.seed", "output": "9"}
        parameters = {"prompt": str(tmp_path)} if parameters is None else parameters  # in no cache
        return Task(parameters, {}, folder, 7, settings=given | settings, remembered=remembered or {})

    return make


class Died(BaseException):
    """The process of an attempt was killed."""


class Mortal(Notes):
    """Dies at this stage, with what it remembered on disk."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage

    def report(self, fraction: float, stage: str) -> None:
        super().report(fraction, stage)
        if stage == self.stage:
            raise Died


def in_background(engine: Comfyui, task: Task) -> tuple[threading.Thread, list[Any]]:
    """Run it in a thread; what it gave or raised."""
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append(engine.run(task, Notes()))
        except (EngineError, MediaError) as exc:
            ended.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, ended


def outcome(thread: threading.Thread, ended: list[Any]) -> Any:
    thread.join(60)
    assert not thread.is_alive()
    return ended[0]


def test_progress_and_previews_come_from_its_messages(server: Comfy, task: Callable[..., Task]) -> None:
    """They grow, previews of both kinds become JPEGs, and seed and values are where the manifest says."""
    server.step_s = 0.3
    notes = Notes()
    produced = Comfyui().run(task({"prompt": "x", "steps": 8, "width": 96}), notes)

    assert probe(produced.files[0]).width_px == 96
    assert [fraction for fraction, _ in notes.reports] == sorted(fraction for fraction, _ in notes.reports)
    assert {stage for _, stage in notes.reports} >= {"sending", "waiting", "generating", "fetching"}
    assert len(notes.shown) >= 2
    graph = list(server.history.values())[-1]["prompt"][2]
    assert (graph["3"]["inputs"]["seed"], graph["3"]["inputs"]["steps"], graph["6"]["inputs"]["text"]) == (7, 8, "x")


@pytest.mark.parametrize("takes_ids", [True, False], ids=["takes our ids", "draws its own"])
@pytest.mark.parametrize("stage", ["waiting", "generating", "fetching"])
def test_the_next_attempt_finds_what_this_one_began(
    server: Comfy, task: Callable[..., Task], takes_ids: bool, stage: str
) -> None:
    """An attempt dies after it sent the workflow, while it runs, or when it is over: it ran once all the same."""
    server.takes_ids, server.step_s = takes_ids, 0.05
    before, notes = len(server.runs), Mortal(stage)
    first = task()
    with pytest.raises(Died):
        Comfyui().run(first, notes)

    produced = Comfyui().run(task(first.parameters, remembered=notes.remembered), Notes())

    assert probe(produced.files[0]).format == "png"
    assert len(server.runs) == before + 1


def test_a_broken_connection_is_made_again(server: Comfy, task: Callable[..., Task]) -> None:
    """In the middle of a run; the run is not disturbed."""
    server.step_s, before = 0.05, len(server.runs)
    running = in_background(Comfyui(), task({"prompt": "breaks off", "steps": 12}))
    until(lambda: server._sockets and len(server.runs) > before)
    server.drop_sockets()
    assert isinstance(outcome(*running), Produced)
    assert len(server.runs) == before + 1


def test_a_server_that_starts_anew_is_asked_again(tmp_path: Path, task: Callable[..., Task]) -> None:
    """Its queue was in memory: once in each of its lives is not twice."""
    own = Comfy(tmp_path / "own", step_s=0.1)
    own.start()
    try:
        running = in_background(Comfyui(), task({"prompt": "x", "steps": 600}, servers=own.url))
        until(lambda: own.runs)
        own.stop()
        own.step_s = 0.0
        own.start()
        assert isinstance(outcome(*running), Produced)
        assert len(own.runs) == 2
    finally:
        own.stop()


def test_another_server_does_what_a_dead_one_began(
    server: Comfy, tmp_path: Path, task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The idle one is chosen first; when it is gone for good, nothing runs there any more."""
    monkeypatch.setattr(following, "AWAY_S", 2.0)
    own = Comfy(tmp_path / "own", step_s=0.5)
    own.start()
    try:
        server.hold.set()
        ahead = in_background(Comfyui(), task({"prompt": "ahead"}))
        until(lambda: server.pending)
        running = in_background(Comfyui(), task({"prompt": "y", "steps": 600}, servers=[server.url, own.url]))
        until(lambda: own.runs)
    finally:
        own.stop()
    server.hold.clear()
    assert isinstance(outcome(*running), Produced)
    assert isinstance(outcome(*ahead), Produced)


def test_it_works_where_no_websocket_gets_through(tmp_path: Path, task: Callable[..., Task]) -> None:
    """By looking now and then; there is no progress then."""
    with comfy.running(has_socket=False) as own:
        assert Comfyui().run(task(servers=own.url), Notes()).kind == "image"


@pytest.mark.parametrize("waits", [True, False], ids=["waiting", "running"])
def test_a_task_that_is_stopped_leaves_the_server(server: Comfy, task: Callable[..., Task], waits: bool) -> None:
    """Out of the queue, or interrupted; another one's prompt is not touched, and the engine goes on working."""
    server.step_s = 0.1
    other = in_background(Comfyui(), task({"prompt": "other", "steps": 600})) if waits else None
    if waits:
        until(lambda: server.running)
    engine = Comfyui()
    running = in_background(engine, task({"prompt": "unwanted", "steps": 600}))
    until(lambda: server.pending if waits else server.running)
    begun = len(server.runs)

    engine.stop()

    assert "taken back" in outcome(*running).message
    until(lambda: not server.pending if waits else not server.running)
    server.step_s = 0.0
    if other:
        assert isinstance(outcome(*other), Produced)
    assert len(server.runs) == begun
    assert engine.run(task({"prompt": "next"}), Notes()).kind == "image"


TROUBLE = {"15": node("Trouble", kind="ValueError", images=["8", 0]), "9": node("SaveImage", images=["15", 0])}


def test_what_a_lost_attempt_began_is_taken_back(server: Comfy, task: Callable[..., Task]) -> None:
    """By an engine that never had it, from what was remembered; elsewhere nobody is asked."""
    server.step_s = 0.1
    lost, notes = task({"prompt": "lost", "steps": 600}), Mortal("generating")
    with pytest.raises(Died):
        Comfyui().run(lost, notes)
    Comfyui().withdraw({**lost.settings, "servers": ["http://127.0.0.1:9"]}, notes.remembered)
    assert server.running
    Comfyui().withdraw(lost.settings, notes.remembered)
    until(lambda: not server.running)
    assert list(server.history.values())[-1]["status"]["messages"][-1][0] == "execution_interrupted"


def test_what_a_node_raises_is_told(server: Comfy, task: Callable[..., Task]) -> None:
    """Which node and how; memory may be there for another attempt, and the server is asked to free some."""
    workflow = STILL | TROUBLE | {"9": node("SaveImage", images=["15", 0], filename_prefix="x")}
    inputs = STILL_INPUTS | {"kind": "15.kind"}
    with pytest.raises(EngineError, match=r"node 15 \(Trouble\) failed: ValueError: bad tensor") as caught:
        Comfyui().run(task({}, workflow=workflow, inputs=inputs), Notes())
    assert not caught.value.retryable

    freed = server.freed
    with pytest.raises(EngineError, match=r"node 15 \(Trouble\) ran out of memory") as caught:
        Comfyui().run(task({"kind": "torch.OutOfMemoryError"}, workflow=workflow, inputs=inputs), Notes())
    assert caught.value.retryable
    assert server.freed == freed + 1


def test_a_workflow_that_is_half_wrong_is_not_run(server: Comfy, task: Callable[..., Task]) -> None:
    """ComfyUI would run the sound half; what we need of it is the other one."""
    workflow = STILL | {"20": node("EmptyLatentImage", width=64, height=48, batch_size=1)}
    workflow |= {"21": node("VAEDecode", samples=["20", 0]), "22": node("PreviewImage", images=["21", 0])}
    workflow |= {"12": node("PreviewImage", images=["21", 0])}
    server.hold.set()
    with pytest.raises(EngineError, match="steps: found 20000; at most 10000 is accepted"):
        Comfyui().run(task({"steps": 20000}, workflow=workflow), Notes())
    assert server.pending == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"servers": "http://127.0.0.1:1"}, "nobody answers at http://127.0.0.1:1; is ComfyUI running"),
        ({"workflow": {**STILL, "6": node("Unknown", text="")}}, "node Unknown does not exist"),
        ({"output": "8"}, "the workflow ended without a picture or film from node 8"),
        ({"workflow": None}, "engine.settings: workflow: found no workflow"),
        ({"servers": "", "folder": "/nowhere"}, "folder: /nowhere holds no main.py"),
    ],
)
def test_what_is_wrong_with_the_setup_is_said(
    task: Callable[..., Task], settings: dict[str, Any], message: str
) -> None:
    """In words for the person who wrote the manifest."""
    with pytest.raises(EngineError, match=message):
        Comfyui().run(task(**settings), Notes())


def a_folder(tmp_path: Path) -> Path:
    """A folder with a main.py that starts our server, as ComfyUI's starts its own."""
    root = tmp_path / "ComfyUI"
    root.mkdir()
    line = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\nfrom tests.comfy import main\nmain()\n"
    (root / "main.py").write_text(line)
    return root


def test_an_idle_folder_is_ended_and_started_again(tmp_path: Path, task: Callable[..., Task]) -> None:
    """After `keep_warm_s` without work; the next task waits for a new one."""
    settings = {"servers": "", "folder": str(a_folder(tmp_path)), "keep_warm_s": 0.2}
    engine, notes = Comfyui(), [Notes(), Notes()]
    try:
        engine.run(task(**settings), notes[0])
        first = notes[0].remembered["comfyui"]["server"]
        until(lambda: not answers(first))
        engine.run(task(**settings), notes[1])
        assert notes[1].remembered["comfyui"]["server"] != first
    finally:
        engine.close()


def answers(address: str) -> bool:
    client = Client(address)
    try:
        client.queue()
    except Away:
        return False
    finally:
        client.close()
    return True


def test_a_folder_is_started_once_and_ends_with_the_engine(tmp_path: Path, task: Callable[..., Task]) -> None:
    """Two engines share it; when the one that started it goes, it goes too, and the other starts its own."""
    root = a_folder(tmp_path)
    settings = {"servers": "", "folder": str(root)}
    first, second = Comfyui(), Comfyui()
    try:
        notes = [Notes(), Notes(), Notes()]
        assert first.run(task(**settings), notes[0]).kind == "image"
        assert second.run(task(**settings), notes[1]).kind == "image"
        where = [one.remembered["comfyui"]["server"] for one in notes[:2]]
        assert where[0] == where[1]
        first.close()
        assert second.run(task(**settings), notes[2]).kind == "image"
        assert notes[2].remembered["comfyui"]["server"] != where[0]
    finally:
        first.close()
        second.close()


def test_a_folder_that_cannot_be_started_says_its_last_words(tmp_path: Path, task: Callable[..., Task]) -> None:
    """The line that a person would look for in its output."""
    (tmp_path / "main.py").write_text("import sys\nsys.exit('ImportError: no torch here')\n")
    engine = Comfyui()
    with pytest.raises(EngineError, match=r"ComfyUI ended \(1\): ImportError: no torch here"):
        engine.run(task(servers="", folder=str(tmp_path)), Notes())
    engine.close()


@pytest.mark.skipif(not os.environ.get(REAL), reason=f"{REAL} names no folder with a ComfyUI")
def test_the_real_one_makes_a_film_of_a_picture(tmp_path: Path, task: Callable[..., Task]) -> None:
    """Without weights: load, scale, repeat, encode."""
    engine = Comfyui()
    scaled = FILM["11"]["inputs"] | {"upscale_method": "bilinear", "crop": "disabled"}
    saved = FILM["38:42"]["inputs"] | {"format": "auto", "codec": "h264"}
    workflow = FILM | {"11": node("ImageScale", **scaled), "38:42": node("SaveVideo", **saved)}
    settings = {"servers": "", "folder": os.environ[REAL], "arguments": ["--cpu", "--disable-api-nodes"]}
    wanted = task({}, **settings, workflow=workflow, inputs=FILM_INPUTS, seed="", output="38:42")
    wanted = Task({"num_frames": 8}, {"image": (a_picture(tmp_path / "a"),)}, wanted.folder, 1, wanted.settings)
    try:
        produced = engine.run(wanted, Notes())
    finally:
        engine.close()
    assert probe(produced.files[0]).num_frames == 8
