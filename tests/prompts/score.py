"""Scores the planner on labelled prompts and prints Markdown.

    python tests/prompts/score.py                       the development prompts
    python tests/prompts/score.py --misses              and what went wrong, prompt by prompt
    python tests/prompts/score.py --sealed FILE         the sealed prompts, once per release; see README.md

A sealed file is held to its checksum in SEALED.sha256 and never shown prompt by prompt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.engines.parallax.planner import plan

HERE = Path(__file__).parent
LANGUAGES = ("en", "ja", "zh", "ko", "es", "de", "fr", "pt")
SEED, DURATION_S = 1, 5.04
NONE = "(none)"
_SAME_RIDE = {"push_in": "dolly_in", "pull_out": "dolly_out"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its label, and what the planner makes of it."""

    id: str
    lang: str
    prompt: str
    camera: tuple[str, ...]
    effects: frozenset[str]
    ignored_motion: bool
    any_direction: bool
    found_camera: tuple[str, ...]
    found_effects: frozenset[str]
    found_motion: bool

    @property
    def expected(self) -> str:
        return self.camera[0] if self.camera else NONE

    @property
    def found(self) -> str:
        return self.found_camera[0] if self.found_camera else NONE

    @property
    def is_exact(self) -> bool:
        if self.any_direction:
            return family(self.expected) == family(self.found)
        return self.expected == self.found

    @property
    def is_same_family(self) -> bool:
        """Right but for the direction."""
        return family(self.expected) == family(self.found)

    @property
    def is_same_ride(self) -> bool:
        """Right if a push-in counts as a dolly in, and a pull-out as a dolly out."""
        expected, found = _SAME_RIDE.get(self.expected, self.expected), _SAME_RIDE.get(self.found, self.found)
        return self.is_exact or expected == found

    @property
    def has_all_moves(self) -> bool:
        """All camera names of the label and no other, whatever their order and side."""
        return {family(name) for name in self.camera} == {family(name) for name in self.found_camera}


def family(name: str) -> str:
    """The move without its side; in and out stay apart, up and down too."""
    for side in ("_left", "_right", "_clockwise", "_anticlockwise"):
        name = name.removesuffix(side)
    return "dolly_zoom" if name.startswith("dolly_zoom") else name


def read(path: Path) -> list[Prompt]:
    """Read the labels and ask the planner."""
    return [_asked(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _asked(label: dict[str, Any]) -> Prompt:
    planned = plan(label["prompt"], SEED, duration_s=DURATION_S)
    is_asked = planned.source in ("prompt", "embedding")
    moves = [move.name for shot in planned.shots for move in shot.moves] if is_asked else []
    return Prompt(
        id=label["id"],
        lang=label["lang"],
        prompt=label["prompt"],
        camera=tuple(label["camera"]),
        effects=frozenset(label["effects"]),
        ignored_motion=label["ignored_motion"],
        any_direction=label.get("any_direction", False),
        found_camera=tuple(dict.fromkeys(moves)),
        found_effects=frozenset(effect.name for shot in planned.shots for effect in shot.effects),
        found_motion=any(text.startswith("object motion") for text in planned.ignored),
    )


# --- tables -----------------------------------------------------------------------------------------------------------


def share(hits: int, total: int) -> str:
    """A share with two digits; a dash where there is nothing to share."""
    return f"{hits / total:.2f}" if total else "–"


def _row(name: str, prompts: Sequence[Prompt]) -> str:
    def count(test: Callable[[Prompt], bool], among: Iterable[Prompt] = prompts) -> int:
        return sum(1 for one in among if test(one))

    moving = [one for one in prompts if one.camera]
    hits = sum(len(one.effects & one.found_effects) for one in prompts)
    found = sum(len(one.found_effects) for one in prompts)
    labelled = sum(len(one.effects) for one in prompts)
    motion = count(lambda one: one.ignored_motion and one.found_motion)
    cells = (
        name,
        str(len(prompts)),
        share(count(lambda one: one.is_exact), len(prompts)),
        share(count(lambda one: one.is_same_family), len(prompts)),
        share(count(lambda one: one.is_same_ride), len(prompts)),
        share(count(lambda one: one.is_exact, moving), len(moving)),
        share(count(lambda one: one.has_all_moves), len(prompts)),
        share(hits, found),
        share(hits, labelled),
        share(motion, count(lambda one: one.found_motion)),
        share(motion, count(lambda one: one.ignored_motion)),
    )
    return "| " + " | ".join(cells) + " |"


def scores(prompts: Sequence[Prompt]) -> str:
    """One row per language, and all together."""
    rows = [
        "| | prompts | camera | any side | push = dolly | camera, where asked | all moves"
        " | effects precision | effects recall | object motion precision | recall |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        _row("all", prompts),
    ]
    for lang in LANGUAGES:
        chosen = [one for one in prompts if one.lang == lang]
        if chosen:
            rows.append(_row(lang, chosen))
    return "\n".join(rows)


def confusion(prompts: Sequence[Prompt]) -> str:
    """Main move asked for against main move found, without sides; only rows with a miss."""
    counts = Counter((family(one.expected), family(one.found)) for one in prompts)
    rows = ["| asked | right | taken for |", "|---|---|---|"]
    for expected in sorted({pair[0] for pair in counts}):
        right = counts[expected, expected]
        total = sum(number for pair, number in counts.items() if pair[0] == expected)
        others = sorted((-number, pair[1]) for pair, number in counts.items() if pair[0] == expected != pair[1])
        taken = ", ".join(f"{name} {-number}" for number, name in others)
        rows.append(f"| {expected} | {right} of {total} | {taken} |")
    return "\n".join(rows)


def effect_misses(prompts: Sequence[Prompt]) -> str:
    """Effects that were missed or invented, and how often."""
    missed = Counter(name for one in prompts for name in one.effects - one.found_effects)
    invented = Counter(name for one in prompts for name in one.found_effects - one.effects)
    rows = ["| effect | missed | invented |", "|---|---|---|"]
    rows += [f"| {name} | {missed[name]} | {invented[name]} |" for name in sorted(missed | invented)]
    return "\n".join(rows)


def misses(prompts: Sequence[Prompt]) -> str:
    """Prompt by prompt, for development prompts only."""
    lines = []
    for one in prompts:
        effects = sorted(one.effects ^ one.found_effects)
        if one.is_exact and not effects and one.ignored_motion == one.found_motion and one.has_all_moves:
            continue
        lines.append(f"\n{one.id} {one.prompt}")
        if not one.is_exact or not one.has_all_moves:
            lines.append(f"   camera {list(one.camera)}, found {list(one.found_camera)}")
        if effects:
            signed = [("missed " if name in one.effects else "invented ") + name for name in effects]
            lines.append("   effects " + ", ".join(signed))
        if one.ignored_motion != one.found_motion:
            lines.append(f"   object motion {one.ignored_motion}, found {one.found_motion}")
    return "\n".join(lines)


# --- command line -----------------------------------------------------------------------------------------------------


def check_seal(path: Path) -> str:
    """The checksum of a sealed file; leaves the program if it is not the one in SEALED.sha256."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = (HERE / "SEALED.sha256").read_text(encoding="utf-8").splitlines()
    sealed = {name: checksum for checksum, name in (line.split(maxsplit=1) for line in lines)}
    if sealed.get(path.name) != found:
        sys.exit(f"{path.name}: the checksum is {found}, SEALED.sha256 says {sealed.get(path.name, 'nothing')}")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealed", type=Path, metavar="FILE", help="score a sealed file, by its checksum")
    parser.add_argument("--misses", action="store_true", help="show what went wrong (development prompts only)")
    given = parser.parse_args(arguments)
    if given.sealed:
        print(f"sealed file {given.sealed.name}, SHA-256 {check_seal(given.sealed)}\n")
    prompts = read(given.sealed or HERE / "development.jsonl")
    print(scores(prompts), confusion(prompts), effect_misses(prompts), sep="\n\n")
    if given.misses and not given.sealed:
        print(misses(prompts))


if __name__ == "__main__":
    main()
