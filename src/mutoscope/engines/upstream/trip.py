"""One request at an upstream: journal, submit, look, bring home. Never twice.

Before anything is sent, a key and what was uploaded are remembered; after it, the upstream's id. An attempt that finds
an id goes on with it. One that finds a key alone sends the same again where the upstream knows a key again; elsewhere
nobody can say whether the request arrived, and the attempt fails with that sentence instead of paying twice.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mutoscope.engines.base import SHOWN_BYTES, Produced, Progress, Task
from mutoscope.engines.upstream.line import Away, Busy, Line, Refused
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import Look, Output, Vendor
from mutoscope.errors import EngineError, MediaError
from mutoscope.media.probe import probe

T = TypeVar("T")

NOTE = "upstream"
"""Where in the memo this engine's own part is."""
MOST_PAUSE_S = 15.0
OUTPUT_TRIES = 5
FETCHING_AT = 0.97


@dataclass(frozen=True, slots=True)
class Trip:
    """What one attempt knows. stopping: set when nobody wants the result any more."""

    task: Task
    progress: Progress
    setup: Setup
    line: Line
    vendor: Vendor
    stopping: threading.Event

    def make(self) -> Produced:
        """The files the upstream made. Raises EngineError."""
        job = self._job()
        look = self._finished(job)
        self._note_cost(job, look)
        files = tuple(self._fetch(job, output, n) for n, output in enumerate(look.outputs, start=1))
        if not files:
            raise EngineError(f"{self._of(job)} ended without an output")
        return Produced(files, self._kind(files[0]), applied=look.applied, ignored=look.ignored)

    # -- hand over ------------------------------------------------------------------------------------------------

    def _job(self) -> str:
        """The request's id there: the one that was remembered, or that of a new request."""
        note: Mapping[str, Any] = self.task.remembered.get(NOTE) or {}
        if note and note.get("at") != self.setup.place:
            raise EngineError(
                f"this request was begun at another upstream as {note.get('job') or 'one that is not known'}; "
                "the model was pointed elsewhere since, and it is not sent again"
            )
        if job := note.get("job"):
            return str(job)
        if note and not self.vendor.is_idempotent:
            raise self._doubt()
        if not note:
            self.line.check()
            note = {"at": self.setup.place, "key": uuid.uuid4().hex, "files": self._carried()}
            self.progress.remember({NOTE: note})
        job = self._submitted(self._body(note["files"]), note["key"])
        try:
            self.progress.remember({NOTE: {"at": self.setup.place, "job": job}})
        except EngineError:  # this attempt is over; a request that no other attempt can find is not left to run
            if self.stopping.is_set() or not self.vendor.is_idempotent:
                self._cancel(job)
            raise
        return job

    def _carried(self) -> Mapping[str, list[str]]:
        """Every input file as what stands for it there; data URIs are made anew for each attempt."""
        carried: dict[str, list[str]] = {}
        for name, paths in self.task.files.items():
            if len(paths) > 1 and name not in self.setup.arrays:
                raise MediaError(f"{len(paths)} files; {self.setup.vendor} takes one", field=name)
            self.progress.report(0.0, "uploading")
            carried[name] = [self._uploaded(path) for path in paths]
        if all(reference.startswith("data:") for references in carried.values() for reference in references):
            return {}
        return carried

    def _uploaded(self, path: Path) -> str:
        try:
            return self._insisted(partial(self.vendor.carry, path), patience_s=self.setup.patience_s)
        except (Busy, Away) as exc:  # no request was begun, whatever became of the file
            raise EngineError(exc.message, retryable=True, declined=True) from exc

    def _body(self, carried: Mapping[str, list[str]]) -> dict[str, Any]:
        body = {**self.setup.parameters, **self.task.parameters}
        if "seed" in self.task.parameters:
            body[self.setup.seed] = body.pop("seed")
        for name, paths in self.task.files.items():
            references = carried.get(name) or [self.vendor.carry(path) for path in paths]
            if name in self.setup.arrays:
                body[name] = references
            elif references:
                body[name] = references[0]
        return body

    def _submitted(self, body: Mapping[str, Any], key: str) -> str:
        """The id that the upstream gave. What certainly did not arrive is sent again while there is patience."""
        give_up = time.monotonic() + self.setup.patience_s
        may_have_arrived = False
        self.progress.report(0.0, "submitting")
        for pause_s in _pauses():
            try:
                return self.vendor.submit(body, key)
            except (Busy, Away) as exc:
                may_have_arrived |= isinstance(exc, Away) and not exc.is_unsent
                if may_have_arrived and not self.vendor.is_idempotent:
                    raise self._doubt() from exc
                after_s = _after_s(exc, pause_s)
                if time.monotonic() + after_s > give_up or self.stopping.wait(after_s):
                    raise self._unsubmitted(exc, may_have_arrived=may_have_arrived) from exc
            except EngineError as exc:
                raise self._unsubmitted(exc, may_have_arrived=may_have_arrived) from exc
        raise AssertionError  # pauses have no end

    def _unsubmitted(self, exc: EngineError, *, may_have_arrived: bool) -> EngineError:
        """Why it was not handed over; another engine may take it over only when nothing arrived."""
        if may_have_arrived:
            return EngineError(exc.message, retryable=exc.retryable)
        self._forget()
        return EngineError(exc.message, retryable=exc.retryable, declined=exc.declined)

    def _doubt(self) -> EngineError:
        return EngineError(
            f"{self.setup.vendor} did not answer when this request was handed over, and cannot be asked whether it "
            "arrived; it is not sent again, so that nothing is paid twice"
        )

    def _forget(self) -> None:
        """Nothing of it arrived, so the next attempt may begin anew."""
        with contextlib.suppress(EngineError):
            self.progress.remember({NOTE: {}})

    # -- wait -----------------------------------------------------------------------------------------------------

    def _finished(self, job: str) -> Look:
        """How it stands once it is done. Raises EngineError when it will not be."""
        shown = ""
        while True:
            look = self._look(job)
            match look.standing:
                case "done":
                    return look
                case "failed":
                    raise EngineError(f"{self._of(job)} failed: {self.line.cleaned(look.error) or 'no reason given'}")
                case "cancelled":
                    raise EngineError(f"{self._of(job)} was cancelled there")
            self._tell(look)
            if look.preview != shown:
                shown = look.preview
                self._show(shown)
            if self.stopping.wait(self.setup.poll_s):
                self._cancel(job)
                raise EngineError(f"{self._of(job)} is not wanted any more")

    def _look(self, job: str) -> Look:
        try:
            return self._insisted(lambda: self.vendor.look(job))
        except Refused as exc:
            raise EngineError(f"{self._of(job)} cannot be followed: {exc.message}") from exc

    def _insisted(self, call: Callable[[], T], *, patience_s: float = float("inf")) -> T:
        """The answer to a call that may be made again and again, until there is one or nobody wants it any more."""
        give_up = time.monotonic() + patience_s
        for pause_s in _pauses():
            try:
                return call()
            except (Busy, Away) as exc:
                after_s = _after_s(exc, pause_s)
                if time.monotonic() + after_s > give_up or self.stopping.wait(after_s):
                    raise
        raise AssertionError  # pauses have no end

    def _tell(self, look: Look) -> None:
        if look.standing == "queued":
            ahead = f", {look.position} ahead" if look.position else ""
            self.progress.report(0.0, f"waiting at {self.setup.vendor}{ahead}")
        else:
            self.progress.report((look.fraction or 0.0) * FETCHING_AT, look.stage or "running")

    def _show(self, address: str) -> None:
        """Pass a picture on; one that is gone already is no loss."""
        picture = self.task.folder / f"preview-{uuid.uuid4().hex}.jpg"
        with contextlib.suppress(MediaError):
            self.line.download(address, picture, with_key=True, limit_bytes=SHOWN_BYTES)
            self.progress.show(picture)

    def _cancel(self, job: str) -> None:
        try:
            self.vendor.cancel(job)
        except EngineError as exc:
            self.progress.log(f"{self._of(job)} could not be cancelled: {exc.message}")

    def _note_cost(self, job: str, look: Look) -> None:
        """Into the memo, where the operator finds it: what callers pay is the manifest's price."""
        if look.cost_usd is not None:
            with contextlib.suppress(EngineError):
                self.progress.remember({NOTE: {"at": self.setup.place, "job": job, "cost_usd": look.cost_usd}})

    # -- bring home -----------------------------------------------------------------------------------------------

    def _fetch(self, job: str, output: Output, number: int) -> Path:
        """One output, tried again while its address may still do better."""
        self.progress.report(FETCHING_AT, "fetching")
        target = self.task.folder / f"output-{number}"
        for tries, pause_s in enumerate(_pauses(), start=1):
            try:
                self.line.download(output.url, target, with_key=output.with_key)
            except MediaError as exc:
                if not exc.retryable or tries == OUTPUT_TRIES or self.stopping.wait(pause_s):
                    raise EngineError(
                        f"an output of {self._of(job)} cannot be fetched: {exc.message}", retryable=exc.retryable
                    ) from exc
            else:
                return target
        raise AssertionError  # pauses have no end

    def _kind(self, path: Path) -> Any:
        try:
            return probe(path).kind
        except MediaError as exc:
            raise EngineError(f"{self.setup.vendor} made a file that cannot be read: {exc.message}") from exc

    def _of(self, job: str) -> str:
        return f"{self.setup.vendor}: its request {job}"


def _after_s(exc: Busy | Away, pause_s: float) -> float:
    """When to ask again: when the upstream said, or after our own pause."""
    return pause_s if isinstance(exc, Away) or exc.after_s is None else exc.after_s + pause_s / 4


def _pauses() -> Iterator[float]:
    """Seconds, doubling, shortened at random so that many do not return at once."""
    pause_s = 0.5
    while True:
        yield pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        pause_s = min(pause_s * 2, MOST_PAUSE_S)
