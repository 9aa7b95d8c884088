"""From a prompt and a seed to a plan: shots, camera moves and effects, what is applied and what is not.

It promises only what the renderer does; whatever else it recognises is listed as ignored, and words that it does not
know are left out of both lists. It never sees the picture. Read next: `reading.py`, `grammar.py`, `lexicon/words.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from mutoscope.engines.parallax import nearest
from mutoscope.engines.parallax.chance import draw
from mutoscope.engines.parallax.grammar import Asked, Findings, parse
from mutoscope.engines.parallax.reading import MAX_CHARACTERS, Text, read
from mutoscope.engines.parallax.shots import (
    CAMERA,
    EFFECTS,
    LOOKS,
    MAX_MOVES,
    MAX_SHOTS,
    Ease,
    Effect,
    Move,
    Plan,
    Shot,
    Source,
)
from mutoscope.engines.parallax.verbs import NAMES, USUAL_WAY

MIN_SHOT_S = 0.5
"""A shorter shot is a flicker; shots beyond what the clip's length allows are ignored, and said to be."""


def plan(prompt: str, seed: int, *, duration_s: float) -> Plan:
    """Read the prompt; what it leaves open is drawn from the seed."""
    text = read(prompt)
    draft = _Draft(seed)
    stretches = _stretches(text)
    most = max(1, min(MAX_SHOTS, int(duration_s / MIN_SHOT_S)))
    findings = [stretch.findings(text) for stretch in stretches]
    if not any(move for found in findings for move in found.moves):
        for found in findings:
            found.moves += found.bare[:1]
    for stretch, found in zip(stretches, findings, strict=True):
        draft.take(stretch, found, most)
    if not draft.has_camera:
        draft.choose_camera(prompt)
    if len(prompt) > MAX_CHARACTERS:
        draft.ignored.append(f"everything beyond the first {MAX_CHARACTERS} characters")
    return draft.plan(duration_s)


# --- stretches of text ------------------------------------------------------------------------------------------------

_RANGE = re.compile(
    r"(?<![\d.])(\d{1,3})(?::(\d\d))?(?:\.(\d))? ?(?:s|sec|seconds?|秒|초)? ?(?:[-–—~〜到至]|to|から|bis|a) ?"
    r"(\d{1,3})(?::(\d\d))?(?:\.(\d))? ?(?:s\b|sec|秒|초|(?<=:\d\d))"
)
"""A stretch of time: "0-2s", "0:02 – 0:05", "3〜5秒". Bounded everywhere, so linear."""


@dataclass(slots=True)
class _Stretch:
    """A piece of the prompt between two shot marks or time words.

    joint       "" before any mark, "then" for time words, "cut" for cuts and numbered or timed shots.
    starts_s    given by the prompt, or None.
    """

    joint: str
    start: int
    end: int
    starts_s: float | None = None

    def findings(self, text: Text) -> Findings:
        first = bisect_left(text.hits, self.start, key=lambda hit: hit.start)
        beyond = bisect_left(text.hits, self.end, key=lambda hit: hit.start)
        return parse(text, text.hits[first:beyond], self.start, self.end)


def _stretches(text: Text) -> list[_Stretch]:
    marks: list[tuple[int, int, str, float | None]] = []
    for hit in text.hits:
        for kind in ("shot", "cut", "then"):
            if hit.has(kind):
                marks.append((hit.start, hit.end, "then" if kind == "then" else "cut", None))
                break
    for match in _RANGE.finditer(text.plain):
        marks.append((match.start(), match.end(), "cut", _seconds(*match.groups()[:3])))
    stretches = [_Stretch("", 0, len(text.plain))]
    for start, end, joint, starts_s in sorted(marks, key=lambda mark: mark[:2]):
        if start < stretches[-1].start:
            continue
        stretches[-1].end = start
        stretches.append(_Stretch(joint, end, len(text.plain), starts_s))
    return stretches


def _seconds(first: str, second: str | None, tenths: str | None) -> float:
    whole = int(first) * 60 + int(second) if second else int(first)
    return whole + (int(tenths) / 10 if tenths else 0.0)


# --- from findings to shots -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _ShotDraft:
    """A shot while the prompt is being read; moves and effects by name."""

    is_cut: bool = False
    starts_s: float | None = None
    ease: Ease | None = None
    moves: dict[str, Move] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    """The plan while the prompt is being read."""

    seed: int
    shots: list[_ShotDraft] = field(default_factory=lambda: [_ShotDraft()])
    ignored: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    refused_effects: set[str] = field(default_factory=set)
    source: Source = "default"
    chosen: str = ""

    @property
    def has_camera(self) -> bool:
        return any(shot.moves for shot in self.shots)

    def take(self, stretch: _Stretch, found: Findings, most: int) -> None:
        """Add what a stretch says, as a shot of its own where it differs from the one before."""
        self.ignored += [f"object motion: {motion}" for motion in found.motions] + found.undone
        moves = self._moves(_tracked(found))
        effects = self._effects(found.effects)
        shot = self._shot(stretch, bool(moves), bool(effects), most)
        if shot is None:
            return
        if moves:
            shot.moves = moves
            self.source = "prompt"
        shot.ease = found.ease or shot.ease
        for name, effect in effects.items():
            shot.effects.setdefault(name, effect)

    def _shot(self, stretch: _Stretch, has_moves: bool, has_effects: bool, most: int) -> _ShotDraft | None:
        """The shot that a stretch writes into; None if there is no room for it."""
        last = self.shots[-1]
        is_empty = not last.moves and not last.effects and last.starts_s is None
        if not stretch.joint or not (has_moves or has_effects) or (is_empty and len(self.shots) == 1):
            if is_empty and stretch.joint:
                last.starts_s = stretch.starts_s
            return last
        if stretch.joint == "then" and not last.moves and has_moves and len(self.shots) == 1:
            return last
        if len(self.shots) >= most:
            self.ignored.append(f"shot {len(self.shots) + 1}: the clip is too short for more than {most}")
            return None
        shot = _ShotDraft(is_cut=stretch.joint == "cut", starts_s=stretch.starts_s)
        if stretch.joint == "then":
            shot.moves, shot.effects, shot.ease = dict(last.moves), dict(last.effects), last.ease
        self.shots.append(shot)
        return shot

    # --- camera

    def _moves(self, asked: Iterable[Asked]) -> dict[str, Move]:
        """Name by name; `static` counts only where nothing else is asked, and of two opposites the first."""
        moves: dict[str, Move] = {}
        for one in _dolly_zooms(list(asked)):
            if not one.way and not one.is_negated and any(name in _all_of(one.kind) for name in moves):
                continue
            name = self._name(one)
            if one.is_negated:
                self.refused.update(_all_of(one.kind))
            elif name in moves:
                continue
            elif (name == "static" and moves) or _opposite(name) in moves or len(moves) >= MAX_MOVES:
                self.ignored.append(f"camera: {CAMERA[name]} (contradicts what comes before it)")
            else:
                if moves.pop("static", None):
                    self.ignored.append("camera: static (contradicts what comes after it)")
                moves[name] = Move(name, one.degree)
        return moves

    def _name(self, asked: Asked) -> str:
        kind, way = asked.kind, asked.way
        name = NAMES[kind].get(way, "") if way else ""
        if name == "orbit":
            kind, way, name = "orbit", "", ""
        if not name and kind in USUAL_WAY:
            name = NAMES[kind][USUAL_WAY[kind]]
        if not name and kind in CAMERA:
            name = kind
        if not name:
            names = _all_of(kind)
            name = names[0] if draw(self.seed, f"side of {kind}") < 0.5 else names[1]
        return name

    def choose_camera(self, prompt: str) -> None:
        """The prompt names no move: take the one of the nearest example phrase, else one by the seed.

        Where it refuses one, it has spoken of the camera; likeness to a move would then be likeness to the refused one.
        """
        found = None if self.refused else nearest.camera(prompt)
        if found:
            self.source = "embedding"
            moves: tuple[Move, ...] = (Move(found, 0.8),)
            self.chosen = "as the prompt reads"
        else:
            moves = _default(self.seed, self.refused)
            self.chosen = "chosen by the seed"
        for shot in self.shots:
            shot.moves = {move.name: move for move in moves}

    # --- effects

    def _effects(self, asked: Iterable[Asked]) -> dict[str, Effect]:
        effects: dict[str, Effect] = {}
        for one in asked:
            if one.is_negated:
                self.refused_effects.add(one.kind)
            elif one.kind not in effects:
                effects[one.kind] = Effect(one.kind, one.degree)
        return effects

    # --- result

    def plan(self, duration_s: float) -> Plan:
        """Settle what concerns the clip as a whole."""
        self._share_looks()
        self._fill_shots()
        times = _times(self.shots, duration_s)
        shots = tuple(
            Shot(
                start, end, tuple(shot.moves.values()), tuple(shot.effects.values()), shot.ease or "smooth", shot.is_cut
            )
            for shot, (start, end) in zip(self.shots, pairwise(times), strict=True)
        )
        return Plan(shots, tuple(self._applied()), tuple(dict.fromkeys(self.ignored)), self.source)

    def _share_looks(self) -> None:
        """A look belongs to the whole clip unless its shot begins with a cut; "no grain" removes it everywhere."""
        for number, shot in enumerate(self.shots):
            for name, effect in list(shot.effects.items()):
                if name in self.refused_effects:
                    del shot.effects[name]
                elif name in LOOKS and not shot.is_cut:
                    for other in self.shots if number == 0 else self.shots[: number + 1]:
                        other.effects.setdefault(name, effect)

    def _fill_shots(self) -> None:
        """A shot without a camera word goes on with the camera of the one before it (or, the first, after it)."""
        moves = next((shot.moves for shot in self.shots if shot.moves), {})
        for shot in self.shots:
            if not shot.moves:
                shot.moves = dict(moves)
            moves = shot.moves

    def _applied(self) -> Iterable[str]:
        several = len(self.shots) > 1
        before: _ShotDraft | None = None
        for number, shot in enumerate(self.shots, 1):
            behind = f" (shot {number} of {len(self.shots)})" if several else ""
            for move in shot.moves.values():
                why = f" ({self.chosen})" if self.chosen else behind
                yield f"camera: {_amount(move.strength)}{CAMERA[move.name]}{why}"
            for effect in shot.effects.values():
                if before is None or effect.name not in before.effects:
                    yield f"{EFFECTS[effect.name]}{_much(effect.strength)}{behind if number > 1 else ''}"
            before = shot


_INWARDS: Final = {"in": "in", "closer": "in", "out": "out", "away": "out"}


def _tracked(found: Findings) -> list[Asked]:
    """ "Tracking shot" alone: along with what moves if the text lets something move, else sideways past the scene."""
    kind = "follow" if found.motions else "truck"
    return [replace(one, kind=kind) if one.kind == "track" and not one.way else one for one in found.moves]


def _dolly_zooms(asked: list[Asked]) -> list[Asked]:
    """A dolly zoom takes its direction from the ride told beside it; a ride against a zoom is one, too."""
    rides = [
        one for one in asked if one.kind in ("dolly", "push", "pull", "go", "walk", "track") and one.way in _INWARDS
    ]
    zooms = [one for one in asked if one.kind == "zoom" and one.way in _INWARDS]
    rides, zooms = ([one for one in some if not one.is_negated] for some in (rides, zooms))
    named = [one for one in asked if one.kind == "dolly_zoom" and not one.is_negated]
    against = bool(rides and zooms) and _INWARDS[rides[0].way] != _INWARDS[zooms[0].way]
    if not named and not (against and len(asked) == 2):
        return asked
    way = _INWARDS[rides[0].way] if rides else next((one.way for one in named), "")
    first = named[0] if named else rides[0]
    rest = [one for one in asked if one not in rides and one not in zooms and one.kind != "dolly_zoom"]
    return [replace(first, kind="dolly_zoom", way=way), *rest]


def _all_of(kind: str) -> tuple[str, ...]:
    """The names that a verb stands for; "orbit" has two."""
    names = tuple(dict.fromkeys(name for name in NAMES[kind].values() if name in CAMERA))
    return names or ((kind,) if kind in CAMERA else ())


_OPPOSITES: Final = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}


def _opposite(name: str) -> str:
    if name in ("push_in", "pull_out"):
        return "pull_out" if name == "push_in" else "push_in"
    if name.startswith("roll_"):
        return "roll_clockwise" if name == "roll_anticlockwise" else "roll_anticlockwise"
    verb, _, way = name.rpartition("_")
    return f"{verb}_{_OPPOSITES[way]}" if way in _OPPOSITES else ""


_DEFAULTS: Final[tuple[tuple[Move, ...], ...]] = (
    (Move("dolly_in", 0.6), Move("orbit_right", 0.4)),
    (Move("dolly_in", 0.6), Move("orbit_left", 0.4)),
    (Move("push_in", 0.6), Move("orbit_right", 0.3)),
    (Move("dolly_in", 0.5), Move("pedestal_up", 0.3)),
    (Move("dolly_out", 0.6), Move("orbit_left", 0.4)),
    (Move("truck_right", 0.5), Move("dolly_in", 0.3)),
    (Move("truck_left", 0.5), Move("dolly_in", 0.3)),
)


def _default(seed: int, refused: set[str]) -> tuple[Move, ...]:
    allowed = [moves for moves in _DEFAULTS if not any(move.name in refused for move in moves)]
    if not allowed:
        return (Move("static"),)
    return allowed[int(draw(seed, "default move") * len(allowed))]


def _times(shots: list[_ShotDraft], duration_s: float) -> list[float]:
    """Where each shot starts, as a share of the clip, and 1; times of the prompt are kept where they make sense."""
    count = len(shots)
    least = min(MIN_SHOT_S / duration_s, 1 / count) if duration_s > 0 else 1 / count
    given = [shot.starts_s for shot in shots]
    if count > 1 and duration_s > 0 and all(value is not None for value in given[1:]):
        times = [0.0, *(value / duration_s for value in given[1:] if value is not None), 1.0]
        if all(after - before >= least for before, after in pairwise(times)):
            return times
    return [number / count for number in range(count)] + [1.0]


def _amount(strength: float) -> str:
    if strength < 0.45:
        return "very slow "
    if strength < 0.9:
        return "slow "
    if strength > 1.8:
        return "very fast "
    return "fast " if strength > 1.3 else ""


def _much(strength: float) -> str:
    if strength < 0.9:
        return ", light"
    return ", strong" if strength > 1.3 else ""
