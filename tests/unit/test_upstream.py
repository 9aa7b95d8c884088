"""The upstream engine against every vendor's API: a request goes there, comes home, and is never sent twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mutoscope.engines.base import Produced, Task
from mutoscope.engines.upstream import Upstream, setup
from mutoscope.engines.upstream.line import OPEN_S, TRIPS_AFTER, Away, Breaker
from mutoscope.errors import ConfigError, EngineError
from mutoscope.testing import Notes, a_picture
from tests.vendors import KEY, OUTPUT, VENDORS, WORDS, Vendor

pytestmark = pytest.mark.slow


@pytest.fixture(params=VENDORS, ids=lambda kind: kind.name)
def vendor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """One vendor after the other."""
    monkeypatch.setenv("A_VENDORS_KEY", KEY)
    vendor: Vendor = request.param()
    yield vendor
    vendor.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """An input file."""
    return a_picture(tmp_path / "input")


class Attempt:
    """One attempt at a request for a vendor; `again` is the next one, which knows what this one remembered."""

    def __init__(self, vendor: Vendor, folder: Path, picture: Path, prompt: str, notes: Notes | None = None) -> None:
        self.vendor, self.folder, self.picture, self.prompt = vendor, folder, picture, prompt
        self.notes = notes or Notes()
        self.engine = Upstream()
        self.changes: dict[str, Any] = {}

    def run(self) -> Produced:
        """Carry it out."""
        place = self.folder / f"outputs-{time.monotonic_ns()}"
        place.mkdir()
        given = {"vendor": self.vendor.name, "url": self.vendor.url, "model": self.vendor.model}
        task = Task(
            parameters={"prompt": self.prompt, "seed": 7},
            files={"image_url": (self.picture,)},
            folder=place,
            seed=7,
            settings={**given, "key_env": "A_VENDORS_KEY", "poll_s": 0.05, "patience_s": 5, **self.changes},
            remembered=self.notes.remembered,
        )
        return self.engine.run(task, self.notes)

    def failed(self) -> EngineError:
        """Carry it out; why it failed."""
        with pytest.raises(EngineError) as caught:
            self.run()
        assert KEY not in caught.value.message
        return caught.value

    def again(self) -> Attempt:
        """The next attempt."""
        return Attempt(self.vendor, self.folder, self.picture, self.prompt, Notes(self.notes.remembered))


@pytest.fixture
def attempt(vendor: Vendor, tmp_path: Path, picture: Path) -> Callable[[str], Attempt]:
    """A first attempt with this prompt."""
    return lambda prompt: Attempt(vendor, tmp_path, picture, prompt)


def test_a_request_goes_there_and_comes_home(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """Inputs arrive by their names, progress is told, the output is fetched; what is remembered holds no key."""
    one = attempt("a harbour")
    made = one.run()
    assert [path.read_bytes() for path in made.files] == [OUTPUT]
    assert made.kind == "image"
    ((job_id, job),) = vendor.jobs.items()
    inputs = vendor.inputs(job)
    assert (inputs["prompt"], inputs["seed"]) == ("a harbour", 7)
    assert inputs["image_url"].startswith(("data:image/png;base64,", f"{vendor.url}/"))
    stages = [stage for _, stage in one.notes.reports]
    assert any(stage.startswith(f"waiting at {vendor.name}") for stage in stages)
    assert stages[-1] == "fetching"
    assert one.notes.remembered["upstream"]["job"] == job_id
    assert KEY not in str(one.notes.remembered) + str(one.notes.reports) + str(one.notes.lines)


def test_what_the_vendor_says_of_a_failure_is_told(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """With its own id, and no other attempt is made."""
    error = attempt("failing").failed()
    ((job_id, _),) = vendor.jobs.items()
    assert error.message == f"{vendor.name}: its request {job_id} failed: {WORDS}"
    assert not error.retryable and not error.declined


def test_a_cancel_is_handed_on(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """The wish to stop ends the attempt at once and the request at the vendor, where that is possible."""
    one = attempt("endless")
    timer = threading.Timer(0.3, one.engine.stop)
    timer.start()
    error = one.failed()
    timer.join()
    (job,) = vendor.jobs.values()
    assert "is not wanted any more" in error.message
    assert job.is_cancelled == vendor.can_cancel


def test_a_lost_answer_never_makes_two_requests(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """The request arrived, its answer did not: it is found again by its key, or the doubt is told; for good."""
    vendor.lose = 1
    one = attempt("a harbour")
    if vendor.is_idempotent:
        assert one.run().files
        assert vendor.submits == 2
    else:
        for error in (one.failed(), one.again().failed()):
            assert "cannot be asked whether it arrived; it is not sent again" in error.message
            assert not error.retryable and not error.declined
        assert vendor.submits == 1
    assert len(vendor.jobs) == 1


def test_the_next_attempt_goes_on_with_the_same_request(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """A worker that was lost after the submit costs nothing."""
    first = attempt("a harbour")
    first.run()
    assert first.again().run().files
    assert (vendor.submits, len(vendor.jobs)) == (1, 1)


@pytest.mark.parametrize("vendor", [kind for kind in VENDORS if kind.is_idempotent], indirect=True)
def test_a_request_whose_answer_was_lost_with_its_worker_is_found_by_its_key(
    vendor: Vendor, attempt: Callable[[str], Attempt]
) -> None:
    """Where the vendor knows it again; the second attempt sends the same body, with what was uploaded by the first."""
    vendor.lose = 1
    first = attempt("a harbour")
    first.changes["patience_s"] = 0
    error = first.failed()
    assert (error.retryable, error.declined) == (True, False), "nobody else may make it too"
    assert first.again().run().files
    assert (vendor.submits, len(vendor.jobs)) == (2, 1)


def test_a_request_is_not_begun_again_at_another_upstream(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """The operator pointed the model elsewhere while it was made: the old id is told."""
    first = attempt("a harbour")
    first.run()
    second = first.again()
    second.changes["model"] = "studio/other"
    ((job_id, _),) = vendor.jobs.items()
    message = second.failed().message
    assert message.startswith(f"this request was begun at another upstream as {job_id}; ")
    assert vendor.url not in message, "where an upstream is, is the operator's affair"
    assert vendor.submits == 1


def test_a_busy_vendor_is_asked_again(vendor: Vendor, attempt: Callable[[str], Attempt]) -> None:
    """429 with Retry-After is no doubt: nothing was taken."""
    vendor.busy = 2
    assert attempt("a harbour").run().files
    assert (vendor.submits, len(vendor.jobs)) == (3, 1)


@pytest.mark.parametrize(("status", "declined"), [(422, False), (401, True), (402, True)])
def test_a_refusal_is_told_in_the_vendors_words(
    vendor: Vendor, attempt: Callable[[str], Attempt], status: int, declined: bool
) -> None:
    """What is wrong with the input is the caller's affair; what the operator has to mend lets another engine try."""
    detail = [{"loc": ["body", "prompt"], "msg": f"too \n long, {KEY}", "type": "value_error"}]
    vendor.refuse = (status, {"detail": detail})
    one = attempt("a harbour")
    error = one.failed()
    assert error.message == f"{vendor.name}: body.prompt: too long, …"
    assert (error.declined, error.retryable) == (declined, False)
    vendor.refuse = None
    assert one.again().run().files, "nothing was begun, so the next attempt may begin"


# -- without a vendor ---------------------------------------------------------------------------------------------


def test_nobody_there_is_declined_and_the_breaker_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another engine may take it; after a few failures nobody is asked for a while."""
    monkeypatch.setenv("MUTOSCOPE_UPSTREAM_KEY", KEY)
    given = {"vendor": "mutoscope", "url": "http://127.0.0.1:9", "model": "m", "patience_s": 0}
    engine = Upstream()
    said = []
    for _ in range(TRIPS_AFTER + 1):
        with pytest.raises(EngineError) as caught:
            engine.run(Task(parameters={}, files={}, folder=tmp_path, seed=1, settings=given), Notes())
        assert caught.value.declined and caught.value.retryable
        said.append(caught.value.message)
    assert set(said[:-1]) == {"mutoscope: no connection to 127.0.0.1"}
    assert said[-1] == f"mutoscope did not answer {TRIPS_AFTER} times in a row"


def test_the_breaker_lets_one_through_after_a_while() -> None:
    """A failure opens it again, an answer closes it."""
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(TRIPS_AFTER):
        breaker.check("it")
        breaker.failed()
    with pytest.raises(Away):
        breaker.check("it")
    now[0] += OPEN_S
    breaker.check("it")
    breaker.failed()
    with pytest.raises(Away):
        breaker.check("it")
    breaker.heard()
    breaker.check("it")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"vendor": "nobody"},
            "vendor: found 'nobody'; accepted are mutoscope, runcomfy, fal, replicate, openai-videos, ark",
        ),
        ({"url": ""}, "url: is required for the vendor mutoscope"),
        ({"url": "ftp://a"}, "url: found 'ftp://a'; an address such as https://video.example is accepted"),
        ({"model": "a/../b"}, "model: is required; the model's name at the upstream is accepted"),
        ({"poll_s": 0}, "poll_s: found 0; 0.05 to 60 is accepted"),
        ({"arrays": "images"}, "arrays: a list of names of inputs is accepted"),
        ({"parameters": []}, "parameters: a mapping of inputs to values is accepted"),
    ],
)
def test_settings_that_cannot_be_used_are_named(changes: dict[str, Any], words: str) -> None:
    """At the start, before any request."""
    with pytest.raises(ConfigError) as caught:
        setup.read({"vendor": "mutoscope", "url": "https://a.example", "model": "m"} | changes)
    assert caught.value.message.startswith(words)


def test_a_key_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named; the key itself never."""
    given = {"vendor": "mutoscope", "url": "https://a.example", "model": "m"}
    monkeypatch.delenv("MUTOSCOPE_UPSTREAM_KEY", raising=False)
    assert setup.read(given).lacks() == "the environment variable MUTOSCOPE_UPSTREAM_KEY"
    monkeypatch.setenv("MUTOSCOPE_UPSTREAM_KEY", KEY)
    assert (setup.read(given).lacks(), setup.read(given).key()) == ("", KEY)
    file = tmp_path / "key"
    in_file = setup.read({**given, "key_file": str(file)})
    assert in_file.lacks() == f"the file {file}"
    file.write_text(f"{KEY}\n", "utf-8")
    assert (in_file.lacks(), in_file.key()) == ("", KEY)
