"""Camera verbs and directions: which move they make together, and which direction belongs to which verb.

Tables and rules for one clause; who acts and what is refused is decided in `grammar.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mutoscope.engines.parallax.reading import Hit, Meaning, Text

Verb = tuple[Hit, Meaning]
"""A hit, and which of its meanings counts in its clause."""

NAMES: Final[dict[str, dict[str, str]]] = {
    "pan": {"left": "pan_left", "right": "pan_right", "up": "tilt_up", "down": "tilt_down"},
    "tilt": {
        "up": "tilt_up",
        "down": "tilt_down",
        "left": "roll_anticlockwise",
        "right": "roll_clockwise",
        "anticlockwise": "roll_anticlockwise",
        "clockwise": "roll_clockwise",
    },
    "zoom": {"in": "zoom_in", "out": "zoom_out", "closer": "zoom_in", "away": "zoom_out"},
    "dolly": {
        "in": "dolly_in",
        "out": "dolly_out",
        "closer": "dolly_in",
        "away": "dolly_out",
        "left": "truck_left",
        "right": "truck_right",
        "around": "orbit",
    },
    "truck": {"left": "truck_left", "right": "truck_right"},
    "track": {"left": "truck_left", "right": "truck_right", "in": "dolly_in", "out": "dolly_out", "around": "orbit"},
    "pedestal": {"up": "pedestal_up", "down": "pedestal_down"},
    "orbit": {"left": "orbit_left", "right": "orbit_right", "clockwise": "orbit_left", "anticlockwise": "orbit_right"},
    "arc": {"left": "arc_left", "right": "arc_right", "clockwise": "arc_left", "anticlockwise": "arc_right"},
    "roll": {
        "clockwise": "roll_clockwise",
        "anticlockwise": "roll_anticlockwise",
        "right": "roll_clockwise",
        "left": "roll_anticlockwise",
    },
    "push": {"in": "push_in"},
    "pull": {"out": "pull_out"},
    "dolly_zoom": {
        "in": "dolly_zoom_in",
        "out": "dolly_zoom_out",
        "closer": "dolly_zoom_in",
        "away": "dolly_zoom_out",
    },
    "handheld": {},
    "static": {},
    "follow": {},
    "whip": {"left": "whip_left", "right": "whip_right"},
    "go": {
        "left": "truck_left",
        "right": "truck_right",
        "up": "pedestal_up",
        "down": "pedestal_down",
        "in": "dolly_in",
        "out": "dolly_out",
        "closer": "push_in",
        "away": "pull_out",
        "around": "orbit",
    },
    "rotate": {
        "left": "pan_left",
        "right": "pan_right",
        "up": "tilt_up",
        "down": "tilt_down",
        "around": "orbit",
        "clockwise": "roll_clockwise",
        "anticlockwise": "roll_anticlockwise",
    },
    "turn": {
        "left": "pan_left",
        "right": "pan_right",
        "up": "tilt_up",
        "down": "tilt_down",
        "around": "orbit",
        "clockwise": "roll_clockwise",
        "anticlockwise": "roll_anticlockwise",
    },
}
"""Kind of camera verb and direction -> name of the move. `orbit` alone still wants a side."""

ANY_MOTION: Final = ("go", "walk", "turn")
"""Verbs that say no more than that the camera moves."""

NAMES["walk"] = NAMES["go"]

USUAL_WAY: Final = {
    "walk": "in",
    "zoom": "in",
    "dolly": "in",
    "push": "in",
    "pull": "out",
    "dolly_zoom": "in",
    "pedestal": "up",
    "tilt": "up",
}
"""Where the prompt gives no direction; for the others the seed chooses."""

_GAZE = {"pedestal": "tilt", "go": "turn", "walk": "turn", "truck": "turn", "dolly": "turn"}
_AROUND = ("go", "walk", "turn", "rotate", "dolly", "track")


def kind_and_way(
    text: Text, verbs: Sequence[Verb], number: int, hits: Sequence[Hit], *, is_gaze: bool
) -> tuple[str, str]:
    """What the verb of that number does, and where to; between its neighbours."""
    hit, meaning = verbs[number]
    earliest = verbs[number - 1][0].end if number else 0
    latest = verbs[number + 1][0].start if number + 1 < len(verbs) else len(text.plain)
    ways = [one for one in hits if one.has("way") and earliest <= one.start and one.end <= latest]
    names = {one.name_of("way") for one in ways}
    kind = _GAZE.get(meaning.name, meaning.name) if is_gaze else meaning.name
    way = meaning.way if fits(kind, meaning.way) else ""
    if (kind in _AROUND and "around" in names and not way) or (kind == "rotate" and not names & set(NAMES[kind])):
        kind = "orbit"
    if kind == "orbit" and "part" in names:
        kind = "arc"
    return kind, way or _near(text, kind, hit, hits) or _way(text, kind, hit, hits, ways)


def fits(kind: str, way: str) -> bool:
    """Whether a verb can take a direction."""
    return way in NAMES[kind]


def _way(text: Text, kind: str, verb: Hit, hits: Sequence[Hit], ways: Sequence[Hit]) -> str:
    """The nearest direction on the side where the language puts it, else the nearest on the other."""
    ways = [one for one in ways if one.name_of("way") != "around" and fits(kind, one.name_of("way"))]
    after = [one for one in ways if one.start >= verb.end]
    before = [one for one in reversed(ways) if one.end <= verb.start]
    if len(after) > 1 and any(verb.end <= hit.start < after[0].start and hit.has("from") for hit in hits):
        after = after[1:]  # "from the man on the left to the woman on the right"
    ordered = [*before, *after] if text.way_first else [*after, *before]
    return ordered[0].name_of("way") if ordered else ""


def _near(text: Text, kind: str, verb: Hit, hits: Sequence[Hit]) -> str:
    """ "in" or "out" right behind the verb, with nothing but adverbs between."""
    place = verb.end
    for hit in hits:
        if hit.start < verb.end:
            continue
        if text.plain[place : hit.start].strip():
            return ""
        if hit.has("near"):
            return hit.name_of("near") if fits(kind, hit.name_of("near")) else ""
        if not hit.has("degree", "very", "ease", "maybe"):
            return ""
        place = hit.end
    return ""


def without_echoes(text: Text, verbs: Sequence[Verb]) -> list[Verb]:
    """ "dolly push in" is one move, and "moves" beside a move of its own says nothing new."""
    if any(meaning.name not in (*ANY_MOTION, "handheld", "static") for _, meaning in verbs):
        verbs = [pair for pair in verbs if pair[1].name not in ANY_MOTION]
    for round_trip, echoes in (("arc", ("orbit", "rotate")), ("orbit", ("rotate",))):
        if any(meaning.name == round_trip for _, meaning in verbs):
            verbs = [pair for pair in verbs if pair[1].name not in echoes]
    kept: list[Verb] = []
    for hit, meaning in verbs:
        joined = _joined(text, kept[-1], (hit, meaning)) if kept else None
        if joined:
            kept[-1] = joined
        else:
            kept.append((hit, meaning))
    return kept


def _joined(text: Text, first: Verb, second: Verb) -> Verb | None:
    """The first verb with the direction of the second, if they stand side by side."""
    (before, verb), (after, other) = first, second
    if verb.way or not fits(verb.name, other.way) or text.plain[before.end : after.start].strip():
        return None
    return Hit(before.start, after.end, before.meanings), replace(verb, way=other.way)
