"""One task: the pipeline is called with what its class takes, and what comes back is written as was asked for."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from mutoscope.engines.base import SHOW_EVERY_S, Produced, Progress, Task
from mutoscope.engines.diffusers.plan import Plan
from mutoscope.engines.diffusers.retime import Frame, retimed
from mutoscope.engines.diffusers.sketch import Sketcher
from mutoscope.engines.diffusers.wanted import Wanted
from mutoscope.engines.diffusers.watching import watched
from mutoscope.errors import EngineError
from mutoscope.media.encode import VideoWriter, write_jpeg

READY, STEPPED, DECODED = 0.1, 0.85, 0.9
"""Of the progress: where the steps begin, where they end, and where writing begins."""
STRENGTH = 0.6
"""How far a picture is left behind, unless a request says it; the pipelines' own values differ much."""
PLAIN = ("negative_prompt", "num_inference_steps", "guidance_scale", "guidance_scale_2", "strength")


@dataclass(frozen=True, slots=True)
class Making:
    """One call of a pipeline for one task.

    values   the request's parameters over those of the manifest.
    """

    pipe: Any
    plan: Plan
    task: Task
    values: Mapping[str, Any]
    pictures: Mapping[str, Sequence[Frame]]
    progress: Progress
    check: Callable[[], None]

    def produced(self, wanted: Wanted) -> Produced:
        """Call the pipeline and write the files. Raises torch.OutOfMemoryError, EngineError and what `check` does."""
        arguments, ignored = self._arguments(wanted)
        arguments |= self._shown(wanted)
        self.check()
        self.progress.report(READY, "rendering")
        torch.manual_seed(self.task.seed)
        with watched(self.pipe, self._stepped, self.check), torch.inference_mode():
            made = self.pipe(**arguments)
        self.check()
        self.progress.report(DECODED, "writing")
        if self.plan.family.produces == "video":
            if getattr(made, "audio", None) is not None:
                ignored = (*ignored, "sound: the model made some; files have none yet")
            return self._video(_frames(made), wanted, ignored)
        return self._images([np.asarray(one.convert("RGB")) for one in made.images], wanted, ignored)

    def _stepped(self, done: int, total: int) -> None:
        self.check()
        self.progress.report(READY + (STEPPED - READY) * done / max(1, total), f"step {done} of {total}")

    def _shown(self, wanted: Wanted) -> dict[str, Any]:
        """What makes the pipeline show its latents after a step, where that is cheap: the autoencoder is at hand."""
        known = inspect.signature(self.pipe.__call__).parameters
        vae = getattr(self.pipe, "vae", None)
        if "callback_on_step_end" not in known or vae is None or self.plan.offload != "none":
            return {}
        sketcher = Sketcher(vae)
        shown_at = time.monotonic()

        def show(pipe: Any, step: int, timestep: Any, given: dict[str, Any]) -> dict[str, Any]:
            nonlocal shown_at
            if time.monotonic() - shown_at >= SHOW_EVERY_S:
                self._sketch(sketcher, given["latents"], wanted, step)
                shown_at = time.monotonic()
            return {}

        return {"callback_on_step_end": show}

    def _sketch(self, sketcher: Sketcher, latents: torch.Tensor, wanted: Wanted, step: int) -> None:
        """Show a picture. One that cannot be made is no reason to end what is."""
        with contextlib.suppress(RuntimeError, ValueError, LookupError, AttributeError, TypeError):
            frame = sketcher.of(
                latents, width_px=wanted.made_width_px, height_px=wanted.made_height_px, num_frames=wanted.made_frames
            )
            if frame is not None:
                path = self.task.folder / f"sketch-{step}.jpg"
                write_jpeg(path, frame, 80)
                self.progress.show(path)

    def _arguments(self, wanted: Wanted) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What the pipeline is called with, and what of the request it has no word for."""
        family = self.plan.family
        ours: dict[str, Any] = {
            "num_inference_steps": family.steps,
            "guidance_scale": family.guidance,
            **{name: self.values[name] for name in PLAIN if name in self.values},
            "num_images_per_prompt": int(self.values.get("num_images", 1)),
        }
        if family.takes_prompt:
            ours["prompt"] = str(self.values.get("prompt", ""))
        if family.produces == "video":
            ours |= {"num_frames": wanted.made_frames, "output_type": "np"}
            if family.is_paced:
                ours["fps"] = round(wanted.made_fps)
        if not family.is_fixed:
            ours |= {"width": wanted.made_width_px, "height": wanted.made_height_px}
        ours |= self._images_in(wanted)
        ours["generator"] = torch.Generator("cpu").manual_seed(self.task.seed)
        known = inspect.signature(self.pipe.__call__).parameters
        theirs = {family.names.get(name, name): value for name, value in ours.items() if value is not None}
        named = {family.names.get(name, name): name for name in PLAIN if name in self.values}
        ignored = tuple(
            f"{ours_name}: this model has no such setting" for name, ours_name in named.items() if name not in known
        )
        return {name: value for name, value in theirs.items() if name in known}, ignored

    def _images_in(self, wanted: Wanted) -> dict[str, Any]:
        family = self.plan.family
        given: dict[str, Any] = {}
        for name, pictures in self.pictures.items():
            shown = [
                Image.fromarray(fitted(one, wanted.made_width_px, wanted.made_height_px) if family.crops else one)
                for one in pictures
            ]
            given[name] = shown if family.takes_many else shown[0]
        return given if "image" not in given else {"strength": self._strength(), **given}

    def _strength(self) -> float:
        strength = float(self.values.get("strength", STRENGTH))
        steps = int(self.values.get("num_inference_steps") or self.plan.family.steps or 50)
        if self.plan.family.produces == "image" and int(steps * strength) < 1:
            raise EngineError(
                f"strength: found {strength:g}, which of {steps} steps leaves none; more is needed of either"
            )
        return strength

    def _video(self, frames: Sequence[Frame], wanted: Wanted, ignored: tuple[str, ...]) -> Produced:
        path, poster = self.task.folder / "output.mp4", self.task.folder / "poster.jpg"
        with VideoWriter(path, width_px=wanted.width_px, height_px=wanted.height_px, fps=wanted.fps) as video:
            for number, frame in enumerate(_of_size(retimed(frames, wanted.num_frames), wanted)):
                self.check()
                if not number:
                    write_jpeg(poster, frame, 85)
                video.write(frame)
                self.progress.report(DECODED + (1 - DECODED) * (number + 1) / wanted.num_frames, "writing")
        return Produced((path,), "video", poster=poster, ignored=ignored, told=self._told(frames, wanted))

    def _images(self, pictures: Sequence[Frame], wanted: Wanted, ignored: tuple[str, ...]) -> Produced:
        paths = []
        for number, picture in enumerate(_of_size(iter(pictures), wanted), start=1):
            paths.append(self.task.folder / f"output-{number}.png")
            Image.fromarray(picture).save(paths[-1], "PNG", compress_level=4)
        poster = self.task.folder / "poster.jpg"
        write_jpeg(poster, fitted(pictures[0], wanted.width_px, wanted.height_px), 85)
        return Produced(tuple(paths), "image", poster=poster, ignored=ignored, told=self._told(pictures, wanted))

    def _told(self, frames: Sequence[Frame], wanted: Wanted) -> dict[str, Any]:
        """What the model itself made, where the file differs from it."""
        height_px, width_px = frames[0].shape[:2]
        told: dict[str, Any] = {"made": {"width_px": width_px, "height_px": height_px}}
        if self.plan.family.produces == "video":
            told["made"] |= {"num_frames": len(frames), "fps": wanted.made_fps}
            if len(frames) != wanted.num_frames:
                told["retimed"] = f"{len(frames)} frames were made; {wanted.num_frames} were interpolated from them"
        if (width_px, height_px) != (wanted.width_px, wanted.height_px):
            told["resized"] = f"{width_px} x {height_px} px were made"
        return told


def fitted(picture: Frame, width_px: int, height_px: int) -> Frame:
    """The picture scaled until it covers this size, and its middle."""
    height, width = picture.shape[:2]
    if (width, height) == (width_px, height_px):
        return picture
    if (width - width_px) in range(64) and (height - height_px) in range(64):  # the file is a little smaller: cropped
        scaled = picture
    else:
        scale = max(width_px / width, height_px / height)
        size = (max(width_px, round(width * scale)), max(height_px, round(height * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
        scaled = np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)
    top, left = (scaled.shape[0] - height_px) // 2, (scaled.shape[1] - width_px) // 2
    return np.ascontiguousarray(scaled[top : top + height_px, left : left + width_px])


def _of_size(frames: Iterator[Frame], wanted: Wanted) -> Iterator[Frame]:
    for frame in frames:
        yield fitted(frame, wanted.width_px, wanted.height_px)


def _frames(made: Any) -> list[Frame]:
    """(height, width, 3) uint8 each, of the one video in a pipeline's answer."""
    video = made.frames[0]
    frames = [np.asarray(frame) for frame in video]
    if not frames or any(frame.ndim != 3 or frame.shape[2] != 3 for frame in frames):
        raise EngineError("the model made no frames")
    if frames[0].dtype == np.uint8:
        return frames
    if not all(np.isfinite(frame).all() for frame in frames):
        raise EngineError("the model made numbers that are no pictures; another precision may help")
    return [np.clip(frame * 255 + 0.5, 0, 255).astype(np.uint8) for frame in frames]
