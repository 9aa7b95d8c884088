"""One task. When the device's memory is not enough for it, other models go, then it is made smaller, once."""

from __future__ import annotations

import threading
from dataclasses import replace

import torch

from mutoscope.engines.base import Produced, Progress, Task
from mutoscope.engines.diffusers.lora import read_loras, worn
from mutoscope.engines.diffusers.making import Making
from mutoscope.engines.diffusers.pipelines import for_task, free
from mutoscope.engines.diffusers.plan import Plan, read_plan
from mutoscope.engines.diffusers.shelf import Shelf
from mutoscope.engines.diffusers.wanted import Wanted, read_wanted
from mutoscope.engines.diffusers.watching import Stopped
from mutoscope.errors import EngineError
from mutoscope.media.load import load_image


class Attempt:
    """One attempt. Raises ConfigError for settings that cannot be used."""

    def __init__(self, shelf: Shelf, task: Task, progress: Progress, stopped: threading.Event) -> None:
        self._shelf, self._task, self._progress, self._stopped = shelf, task, progress, stopped
        self._plan = read_plan(task.settings)
        self._values = {**self._plan.parameters, **task.parameters}
        self._loras = read_loras(self._values.pop("lora", None), task.files.get("lora", ()))
        pictures = {name: paths for name, paths in task.files.items() if paths and name != "lora"}
        self._pictures = {name: [load_image(path) for path in paths] for name, paths in pictures.items()}

    def produced(self) -> Produced:
        """The files. Raises EngineError, also when it was stopped."""
        plan, family = self._plan, self._plan.family
        shapes = [(one.shape[1], one.shape[0]) for one in self._pictures.get("image", ())]
        wanted = read_wanted(family, self._values, shapes)
        try:
            if made := self._made(wanted):
                return made
            if self._shelf.clear_but(plan) and (made := self._made(wanted)):
                return made
            smaller = wanted.smaller(family)
            if smaller and (made := self._made(smaller)):
                return replace(made, told={**made.told, "memory": _too_much(wanted)})
        except Stopped as exc:
            raise EngineError("the request was stopped") from exc
        raise EngineError(_hopeless(plan, wanted, smaller))

    def _made(self, wanted: Wanted) -> Produced | None:
        """The files, or None when the memory was not enough."""
        try:
            self._progress.report(0.0, "loading")
            pipe = for_task(self._shelf.take(self._plan), self._plan, has_picture="image" in self._pictures)
            making = Making(
                pipe, self._plan, self._task, self._values, self._pictures, self._progress, check=self._check
            )
            with worn(pipe, self._loras):
                return making.produced(wanted)
        except torch.OutOfMemoryError:
            self._progress.log(_too_much(wanted))
        free()  # after the exception, which held on to what there was
        return None

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Stopped


def _too_much(wanted: Wanted) -> str:
    return f"the memory was not enough for {_words(wanted)}"


def _words(wanted: Wanted) -> str:
    frames = f" and {wanted.made_frames} frames" if wanted.made_frames > 1 else ""
    return f"{wanted.made_width_px} x {wanted.made_height_px} px{frames}"


def _hopeless(plan: Plan, wanted: Wanted, smaller: Wanted | None) -> str:
    least = f", nor for {_words(smaller)}" if smaller else ""
    better = {"none": "model", "model": "sequential"}.get(plan.offload)
    hint = f"or let the operator set `offload` to {better} (it is {plan.offload})" if better else "or use a larger GPU"
    return f"{_too_much(wanted)}{least}; ask for a smaller size or fewer frames, {hint}"
