"""The plan of a clip as values: shots, camera moves and effects, from and to JSON.

The two lists of names are closed: the renderer does all of them and nothing else. It reads no prompts (that is
`planner.py`) and refuses JSON that does not fit, saying where, what was found and what is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final, Literal, NoReturn, cast, get_args

Ease = Literal["smooth", "linear", "in", "out"]
Source = Literal["prompt", "embedding", "default", "given"]

MIN_STRENGTH, MAX_STRENGTH = 0.25, 2.0
MAX_SHOTS = 8
MAX_MOVES = 6

CAMERA: Final[Mapping[str, str]] = {
    "pan_left": "pan to the left",
    "pan_right": "pan to the right",
    "tilt_up": "tilt up",
    "tilt_down": "tilt down",
    "zoom_in": "zoom in",
    "zoom_out": "zoom out",
    "dolly_in": "dolly in",
    "dolly_out": "dolly out",
    "truck_left": "truck to the left",
    "truck_right": "truck to the right",
    "pedestal_up": "pedestal up",
    "pedestal_down": "pedestal down",
    "orbit_left": "orbit to the left",
    "orbit_right": "orbit to the right",
    "arc_left": "arc to the left",
    "arc_right": "arc to the right",
    "roll_clockwise": "roll clockwise",
    "roll_anticlockwise": "roll anticlockwise",
    "push_in": "push in on the subject",
    "pull_out": "pull out from the subject",
    "dolly_zoom_in": "dolly zoom, dollying in",
    "dolly_zoom_out": "dolly zoom, dollying out",
    "handheld": "handheld",
    "static": "static",
    "follow": "follow the subject",
    "whip_left": "whip pan to the left",
    "whip_right": "whip pan to the right",
}
"""Every camera move and how it is told to the caller, after "camera: "."""

EFFECTS: Final[Mapping[str, str]] = {
    "golden_hour": "light: golden hour",
    "blue_hour": "light: blue hour",
    "night": "light: night",
    "sunbeams": "light: sunbeams",
    "lens_flare": "light: lens flare",
    "anamorphic_streak": "light: anamorphic streak",
    "neon_flicker": "light: neon flicker",
    "candle_flicker": "light: candle flicker",
    "rain": "weather: rain",
    "snow": "weather: snow",
    "fog": "weather: fog",
    "mist": "weather: mist",
    "dust": "weather: dust in the air",
    "embers": "weather: embers",
    "fireflies": "light: fireflies",
    "bokeh": "light: bokeh",
    "petals": "weather: falling petals",
    "leaves": "weather: falling leaves",
    "bubbles": "weather: bubbles",
    "lightning": "light: lightning",
    "film_grain": "look: film grain",
    "old_film": "look: old film",
    "black_and_white": "look: black and white",
    "sepia": "look: sepia",
    "teal_orange": "look: teal and orange",
    "vignette": "look: vignette",
    "letterbox": "look: letterbox",
    "vhs": "look: VHS tape",
    "glitch": "look: digital glitch",
    "tilt_shift": "look: tilt-shift",
    "rack_focus": "look: rack focus",
    "depth_of_field": "look: shallow depth of field",
    "clouds_drift": "living: clouds drift",
    "water_ripples": "living: water ripples",
    "foliage_sways": "living: foliage sways",
    "hair_moves": "living: hair moves a little",
    "cloth_moves": "living: cloth moves a little",
}
"""Every effect and how it is told to the caller."""

LOOKS: Final = frozenset(name for name, text in EFFECTS.items() if text.startswith("look: "))
"""Effects that belong to the clip as a whole rather than to a moment of it."""


@dataclass(frozen=True, slots=True)
class Move:
    """One camera move of a shot.

    name       one of CAMERA.
    strength   0.25 … 2; 1 is the usual amount, 0.5 slow or slight, 1.6 fast or large.
    """

    name: str
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a shot.

    name       one of EFFECTS.
    strength   0.25 … 2; 1 is the usual amount.
    """

    name: str
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of the clip with its own camera.

    start, end   share of the clip, 0 … 1; shots follow each other without gaps.
    moves        moves that happen together; no name twice; empty means static.
    effects      effects that are on together; no name twice.
    ease         how the camera gathers and loses speed.
    is_cut       the shot begins with a cut; otherwise the camera goes on from where it was.
    """

    start: float
    end: float
    moves: tuple[Move, ...]
    effects: tuple[Effect, ...] = ()
    ease: Ease = "smooth"
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be rendered, and what the caller is told about it.

    applied   what of the prompt is done, and what was chosen where the prompt was silent.
    ignored   what of the prompt is not done, and why.
    source    where the camera comes from: words of the prompt, the nearest example phrase, the seed, or the caller.
    """

    shots: tuple[Shot, ...]
    applied: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    source: Source = "given"

    def to_json(self) -> dict[str, Any]:
        """Write the plan as plain JSON values; `from_json` reads it back to an equal plan."""
        return {
            "shots": [_shot_to_json(shot) for shot in self.shots],
            "applied": list(self.applied),
            "ignored": list(self.ignored),
            "source": self.source,
        }

    @classmethod
    def from_json(cls, data: object) -> Plan:
        """Read a plan that somebody wrote.

        Only `shots` is required, and of a shot nothing: times are shared out evenly, `strength` is 1.
        Raises ValueError saying where, what was found and what is accepted.
        """
        found = _object(data, "plan", accepted=("shots", "applied", "ignored", "source"))
        items = _list(found.get("shots"), "shots", MAX_SHOTS)
        if not items:
            _refuse("shots", "an empty list", f"1 to {MAX_SHOTS} shots")
        times = _times(items)
        return cls(
            tuple(
                _shot_from_json(item, f"shots[{number}]", *times[number : number + 2])
                for number, item in enumerate(items)
            ),
            _texts(found.get("applied", []), "applied"),
            _texts(found.get("ignored", []), "ignored"),
            cast("Source", _choice(found.get("source", "given"), "source", get_args(Source))),
        )


def _shot_to_json(shot: Shot) -> dict[str, Any]:
    return {
        "start": shot.start,
        "end": shot.end,
        "moves": [{"name": move.name, "strength": move.strength} for move in shot.moves],
        "effects": [{"name": effect.name, "strength": effect.strength} for effect in shot.effects],
        "ease": shot.ease,
        "is_cut": shot.is_cut,
    }


_SHOT_KEYS = ("start", "end", "moves", "effects", "ease", "is_cut")


def _times(items: list[Any]) -> list[float]:
    """Where each shot starts, and 1.0; missing times are shared out evenly between those given."""
    given: dict[int, float] = {}
    for number, item in enumerate(items):
        shot = _object(item, f"shots[{number}]", accepted=_SHOT_KEYS)
        for key, place in (("start", number), ("end", number + 1)):
            if key in shot:
                path = f"shots[{number}].{key}"
                value = _number(shot[key], path, 0.0, 1.0)
                if given.setdefault(place, value) != value:
                    _refuse(path, f"{value:g}", f"{given[place]:g}, where the shot before it ends")
    _pin(given, 0, 0.0, "shots[0].start")
    _pin(given, len(items), 1.0, f"shots[{len(items) - 1}].end")
    return _fill(given)


def _pin(given: dict[int, float], place: int, value: float, path: str) -> None:
    if given.setdefault(place, value) != value:
        _refuse(path, f"{given[place]:g}", f"{value:g}")


def _fill(given: dict[int, float]) -> list[float]:
    places = sorted(given)
    times = [given[places[0]]]
    for before, after in pairwise(places):
        step = (given[after] - given[before]) / (after - before)
        if step <= 0:
            _refuse(f"shots[{after - 1}].end", f"{given[after]:g}", f"a time after {given[before]:g}")
        times.extend(given[before] + step * number for number in range(1, after - before))
        times.append(given[after])
    return times


def _shot_from_json(item: Any, path: str, start: float, end: float) -> Shot:
    moves = tuple(Move(*pair) for pair in _named(item.get("moves", []), f"{path}.moves", CAMERA, MAX_MOVES))
    effects = tuple(Effect(*pair) for pair in _named(item.get("effects", []), f"{path}.effects", EFFECTS, len(EFFECTS)))
    is_cut = item.get("is_cut", False)
    if not isinstance(is_cut, bool):
        _refuse(f"{path}.is_cut", _kind(is_cut), "true or false")
    ease = _choice(item.get("ease", "smooth"), f"{path}.ease", get_args(Ease))
    return Shot(start, end, moves, effects, cast("Ease", ease), is_cut)


def _named(items: Any, path: str, names: Mapping[str, str], at_most: int) -> list[tuple[str, float]]:
    """Names with strengths; a bare string is a name of strength 1."""
    pairs: dict[str, float] = {}
    for number, item in enumerate(_list(items, path, at_most)):
        here = f"{path}[{number}]"
        found = _object({"name": item} if isinstance(item, str) else item, here, accepted=("name", "strength"))
        name = _choice(found.get("name"), f"{here}.name", tuple(names))
        if name in pairs:
            _refuse(f"{here}.name", f"{name!r} again", "each name once in a shot")
        pairs[name] = _number(found.get("strength", 1.0), f"{here}.strength", MIN_STRENGTH, MAX_STRENGTH)
    return list(pairs.items())


def _object(value: Any, path: str, *, accepted: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(path, _kind(value), f"an object with {', '.join(accepted)}")
    for key in value:
        if key not in accepted:
            _refuse(path, f"the key {str(key)[:40]!r}", ", ".join(accepted))
    return value


def _list(value: Any, path: str, at_most: int) -> list[Any]:
    if not isinstance(value, list | tuple):
        _refuse(path, _kind(value), "a list")
    if len(value) > at_most:
        _refuse(path, f"{len(value)} entries", f"at most {at_most}")
    return list(value)


def _texts(value: Any, path: str) -> tuple[str, ...]:
    texts = _list(value, path, 1000)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            _refuse(f"{path}[{number}]", _kind(text), "a text")
    return tuple(texts)


def _number(value: Any, path: str, least: float, most: float) -> float:
    accepted = f"a number from {least:g} to {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(path, _kind(value), accepted)
    if not least <= value <= most:  # false for not-a-number too
        _refuse(path, "a number far outside" if abs(value) > 1e9 else f"{value:g}", accepted)
    return float(value)


def _choice(value: Any, path: str, names: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        _refuse(path, _kind(value), f"one of {', '.join(names)}")
    if value not in names:
        close = get_close_matches(value[:40], names, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        _refuse(path, f"{value[:40]!r}", f"one of {', '.join(names)}{hint}")
    return value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else f"a {type(value).__name__}")


def _refuse(path: str, found: str, accepted: str) -> NoReturn:
    raise ValueError(f"{path}: found {found}; accepted: {accepted}")
