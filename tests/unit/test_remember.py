"""`Progress.remember` on its way: from the engine's child through the lease to the server, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from mutoscope.engines import registry
from mutoscope.engines.base import Task
from mutoscope.engines.process import EngineProcess
from mutoscope.errors import EngineError, LeaseLost
from mutoscope.lease import Lease, Released
from mutoscope.link import Link, ServerAway
from mutoscope.protocol import MEMO_BYTES, Assignment, Remember
from mutoscope.testing import Notes

ENGINE = """
from pathlib import Path

from PIL import Image

from mutoscope.engines import EngineError, Produced, engine


@engine(produces="image")
def keeper(*, size: int = 1, folder: Path, remembered: dict, progress) -> Produced:
    try:
        progress.remember({"tries": remembered.get("tries", 0) + 1, "padding": "x" * size})
        heard = "on disk"
    except EngineError as exc:
        heard = f"{exc.message} ({exc.retryable})"
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    return Produced((folder / "a.png",), "image", applied=(heard,))
"""


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that remembers, in a child of its own."""
    file = tmp_path_factory.mktemp("keeper") / "keeper.py"
    file.write_text(ENGINE, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(registry.FILES, "")
        registry.use_files([file])
        process = EngineProcess("keeper", trace=print)
        process.warm(Notes())
        yield process
        process.close()


def heard(keeper: EngineProcess, folder: Path, progress: Notes, **parameters: Any) -> str:
    """What the engine was answered."""
    task = Task(parameters=parameters, files={}, folder=folder, seed=1, remembered=progress.remembered)
    return keeper.run(task, progress).produced.applied[0]


class Refusing(Notes):
    """A worker whose lease is gone."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is written."""
        raise EngineError("not written", retryable=True)


@pytest.mark.slow
def test_an_engine_hears_what_became_of_its_memo(keeper: EngineProcess, tmp_path: Path) -> None:
    """It is there when the call returns; a refusal reaches the engine as raised; what is too large never leaves."""
    notes = Notes()
    assert heard(keeper, tmp_path, notes) == "on disk"
    assert heard(keeper, tmp_path, notes) == "on disk"
    assert notes.remembered == {"tries": 2, "padding": "x"}
    assert heard(keeper, tmp_path, Refusing()) == "not written (True)"
    untouched = Notes()
    too_large = heard(keeper, tmp_path, untouched, size=MEMO_BYTES)
    assert too_large == f"remember: {MEMO_BYTES + 24} bytes of JSON in all; at most {MEMO_BYTES} are kept (False)"
    assert untouched.remembered == {}


class Server:
    """The server's answers to `remember`, in order; the last one again and again."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.heard: list[Remember] = []

    def remember(self, request_id: str, remember: Remember) -> None:
        """As `Link.remember`."""
        self.heard.append(remember)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer


ASSIGNMENT = Assignment(
    request_id="r",
    attempt=3,
    model_id="m",
    engine="e",
    settings={},
    parameters={},
    files=(),
    produces="image",
    seed=1,
    time_limit_s=60,
    lease_s=10,
    beat_s=3,
    memo={"a": 1},
)


def a_lease(server: Server, **given: Any) -> Lease:
    """A lease whose threads do not run: what is told comes from the test alone."""
    return Lease(cast("Link", server), replace(ASSIGNMENT, **given))


def test_a_server_that_is_away_for_a_moment_is_asked_again() -> None:
    """The call returns once it was answered, with the same words each time."""
    server = Server(ServerAway(retryable=True), ServerAway(retryable=True), None)
    a_lease(server).remember({"b": 2})
    assert server.heard == [Remember(3, {"b": 2})] * 3


@pytest.mark.parametrize(
    ("break_it", "answer"),
    [
        (lambda lease: None, LeaseLost()),
        (lambda lease: lease.end(LeaseLost()), None),
        (lambda lease: lease.end(Released()), None),
    ],
)
def test_a_memo_of_an_attempt_that_is_over_is_not_written(
    break_it: Callable[[Lease], None], answer: Exception | None
) -> None:
    """The engine hears an error that another attempt mends."""
    server = Server(answer)
    lease = a_lease(server)
    break_it(lease)
    with pytest.raises(EngineError, match="could not be written down") as caught:
        lease.remember({"b": 2})
    assert caught.value.retryable


def test_a_memo_is_measured_with_what_was_there(tmp_path: Path) -> None:
    """4 KiB are for all attempts together, and only JSON is taken."""
    lease = a_lease(Server(None), memo={"a": "x" * 4000})
    with pytest.raises(EngineError, match="at most 4096 are kept") as caught:
        lease.remember({"b": "x" * 100})
    assert not caught.value.retryable
    with pytest.raises(EngineError, match="values that JSON can hold"):
        lease.remember({"b": tmp_path})
