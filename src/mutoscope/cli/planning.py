"""`mutoscope run --plan-only`: what a model would do with a prompt, told and drawn; nothing is rendered or sent.

It reads the manifests of this machine and asks the engine itself, so it needs no server, no key and no network. A
local picture is looked at, which takes some seconds; without one the path is what the prompt alone asks for.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from mutoscope import settings
from mutoscope.cli import arguments, output
from mutoscope.engines import registry
from mutoscope.engines.base import Planning, Preview, Task

COLUMNS, ROWS = 41, 11
_LEAST_SCALE = 0.0005
"""Picture widths per column below which a drawing would magnify nothing into something."""


class _Quiet:
    """A progress for which planning is too short."""

    def report(self, fraction: float, stage: str) -> None:
        """Nothing."""

    def log(self, line: str) -> None:
        """Nothing."""

    def show(self, picture: Path) -> None:
        """Nothing."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is handed on: there is no further attempt."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it was made for."""

    model_id: str
    engine: str
    seed: int
    is_drawn: bool
    preview: Preview

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        found = self.preview
        return {
            "model_id": self.model_id,
            "engine": self.engine,
            "seed": self.seed,
            "num_frames": len(found.path),
            "duration_s": found.duration_s,
            "picture": "seen" if found.has_looked else "not seen",
            "plan": found.plan,
            "path": found.path,
        }


def show(model_id: str, inputs: Mapping[str, Any], given: Sequence[str], *, as_json: bool) -> None:
    """Plan and print. Raises MutoscopeError, and click.UsageError for a model that has no plan."""
    planned = plan(model_id, inputs, given)
    if as_json:
        output.emit_json(planned.as_json())
        return
    for line in told(planned):
        output.emit(line)


def plan(model_id: str, inputs: Mapping[str, Any], given: Sequence[str]) -> Planned:
    """What the model's engine would do with these inputs."""
    from mutoscope.equipment import load_catalog  # noqa: PLC0415 - only this option needs it, and it takes time

    model = load_catalog(settings.load()).get(model_id)
    engine = registry.load(model.engine)
    if not isinstance(engine, Planning):
        raise click.UsageError(f"--plan-only: {model_id} runs on the engine {model.engine}, which makes no plans")
    properties = model.input_schema.get("properties", {})
    values = {name: found["default"] for name, found in properties.items() if "default" in found}
    values = {name: value for name, value in values.items() if name not in _media(properties)}
    values |= arguments.apply_settings(inputs, given, model.input_schema)
    _refuse_unknown(values, properties)
    parameters = {name: values[to] for name, to in model.bindings.items() if values.get(to) is not None}
    files = {name: _paths(parameters.pop(name)) for name in engine.capabilities().files if name in parameters}
    seed = parameters.get("seed")
    is_drawn = not isinstance(seed, int) or seed < 0
    chosen = random.randrange(2**31) if is_drawn else int(seed or 0)  # noqa: S311 - a seed is no secret
    with tempfile.TemporaryDirectory() as folder:
        task = Task(parameters, {name: found for name, found in files.items() if found}, Path(folder), chosen,
                    model.engine_settings)  # fmt: skip
        return Planned(model_id, engine.version, chosen, is_drawn, engine.preview(task, _Quiet()))


def told(planned: Planned) -> list[str]:
    """Lines for a person: what applies, what does not, each shot, and the camera from above."""
    found = planned.preview
    seed = f"seed {planned.seed}" + (" (drawn; give it to get this plan again)" if planned.is_drawn else "")
    lines = [f"{planned.model_id} on {planned.engine}, {len(found.path)} frames, {found.duration_s:.2f} s, {seed}"]
    lines += [f"applied: {text}" for text in found.plan["applied"]] + [f"ignored: {t}" for t in found.plan["ignored"]]
    if not found.has_looked:
        lines.append("picture: not seen; what it shows may shorten the path and leave effects without a place")
    shots = found.plan["shots"]
    marks = [round(shot["start"] * len(found.path)) for shot in shots] + [len(found.path)]
    for number, (shot, first, end) in enumerate(zip(shots, marks, marks[1:], strict=False), 1):
        lines += ["", *_shot(number, shot, found, (first, end))]
        if end > first:
            lines += top_view(found.path[first:end])
    return lines


def _shot(number: int, shot: Mapping[str, Any], found: Preview, frames: tuple[int, int]) -> list[str]:
    first, end = frames
    per_frame_s = found.duration_s / len(found.path)
    begins = "" if number == 1 else ", after a cut" if shot["is_cut"] else ", going on from there"
    return [
        f"shot {number}: {first * per_frame_s:.2f} to {end * per_frame_s:.2f} s{begins}",
        f"  camera   {_names(shot['moves']) or 'static'}",
        f"  effects  {_names(shot['effects']) or 'none'}",
        f"  ease     {shot['ease']}",
        f"  way      {_way(found.path[first:end])}",
    ]


def _names(entries: Sequence[Mapping[str, Any]]) -> str:
    """Names with their pace: how strong each is against the usual."""
    return ", ".join(e["name"] + ("" if e["strength"] == 1 else f" x {e['strength']:g}") for e in entries)


def _way(path: Sequence[Mapping[str, float]]) -> str:
    """The largest departures from the first frame, in words."""
    if not path:
        return "none: too short for a frame"
    parts = []
    for axis, (less, more), unit in (
        ("x", ("left", "right"), "%"),
        ("y", ("up", "down"), "%"),
        ("z", ("back", "forwards"), "%"),
        ("pan_deg", ("pan left", "pan right"), "°"),
        ("tilt_deg", ("tilt down", "tilt up"), "°"),
        ("roll_deg", ("roll anticlockwise", "roll clockwise"), "°"),
    ):
        gone = max((pose[axis] - path[0][axis] for pose in path), key=abs) * (100 if unit == "%" else 1)
        if abs(gone) >= 0.05:
            parts.append(f"{abs(gone):.1f}{' ' if unit == '%' else ''}{unit} {more if gone > 0 else less}")
    ends = path[0]["zoom"], path[-1]["zoom"]
    if abs(ends[1] / ends[0] - 1) >= 0.002:
        parts.append(f"zoom {ends[0]:.2f} to {ends[1]:.2f}")
    return ", ".join(parts) or "still"


def top_view(path: Sequence[Mapping[str, float]]) -> list[str]:
    """The camera seen from above, to scale: `o` where it begins, `x` where it ends; the picture lies ahead."""
    places = [(pose["x"], pose["z"]) for pose in path]
    (left, right), (back, front) = ((min(axis), max(axis)) for axis in zip(*places, strict=True))
    # A character is twice as high as it is wide.
    scale = max((right - left) / (COLUMNS - 1), (front - back) / (2 * (ROWS - 1)), _LEAST_SCALE)
    height = round((front - back) / (2 * scale)) + 1
    middle = (left + right) / 2
    cells = [[" "] * COLUMNS for _ in range(height)]

    def put(place: tuple[float, float], mark: str) -> None:
        column = round((place[0] - middle) / scale) + COLUMNS // 2
        cells[height - 1 - round((place[1] - back) / (2 * scale))][column] = mark

    for a, b in pairwise(places):
        for step in range(5):
            put((a[0] + (b[0] - a[0]) * step / 4, a[1] + (b[1] - a[1]) * step / 4), "·")
    put(places[0], "o")
    put(places[-1], "x")
    ahead = "  " + "^ the picture".center(COLUMNS).rstrip()
    return [ahead, *("  " + "".join(row).rstrip() for row in cells), f"  o start, x end; {100 * scale:.2g} % a column"]


def _media(properties: Mapping[str, Any]) -> set[str]:
    """Inputs that are files: their examples are not the caller's picture."""

    def is_media(found: Mapping[str, Any]) -> bool:
        items = found.get("items")
        return "_uri" in str(found.get("format")) or (isinstance(items, Mapping) and is_media(items))

    return {name for name, found in properties.items() if is_media(found)}


def _paths(value: Any) -> tuple[Path, ...]:
    """The local ones among the files given; addresses are not fetched."""
    return tuple(one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Path))


def _refuse_unknown(values: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    unknown = [name for name in values if name not in properties]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is no input; there are {', '.join(properties)}", param_hint="--set")
