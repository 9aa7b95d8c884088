"""From a prompt and a seed to a plan: which camera moves, how strong, which colours, and what is not done.

It promises only what the renderer does: whatever it recognises beyond that is listed as ignored, and words it
does not know are left out of both lists. It never sees the picture. Read next: `camera.py`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from mutoscope.engines.parallax import lexicon
from mutoscope.engines.parallax.grade import GRADES, Grade
from mutoscope.engines.parallax.lexicon import Axis, Word

WEAK_STRENGTH = 0.5
STRONG_STRENGTH = 1.6
_NEAR = 48
"""Characters to either side of a camera word in which its degree and direction are looked for."""


_NEXT_THOUGHT = re.compile(r"[,、]|\b(?:and|then|while)\b")


@dataclass(frozen=True, slots=True)
class Move:
    """One component of the camera's path.

    axis       what moves; see `lexicon.Axis`.
    sign       +1 right, down, in, clockwise; -1 the opposite.
    strength   1 is the usual amount; 0.5 slow or slight, 1.6 fast or dramatic.
    """

    axis: Axis
    sign: int
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be rendered, and what the caller is told about it."""

    moves: tuple[Move, ...]
    grades: tuple[Grade, ...]
    applied: tuple[str, ...]
    ignored: tuple[str, ...]


def plan(prompt: str, seed: int) -> Plan:
    """Read the prompt; what it leaves open is drawn from the seed."""
    text = unicodedata.normalize("NFKC", prompt).lower()
    draft = _Draft(seed)
    for found in _camera_words(text):
        draft.take(found)
    draft.complete()
    grades = tuple(grade for grade in GRADES if grade.pattern.search(text))
    applied = [*draft.applied, *(f"colour: {grade.name}" for grade in grades)]
    ignored = [*draft.ignored, *_not_done(text)]
    moves = tuple(draft.moves.values())
    return Plan(moves, grades, tuple(dict.fromkeys(applied)), tuple(dict.fromkeys(ignored)))


@dataclass(frozen=True, slots=True)
class _Found:
    """A camera word in the text, with what stands around it, as far as the next camera word."""

    word: Word
    before: str
    text: str
    after: str
    is_negated: bool

    @property
    def strength(self) -> float:
        weak = WEAK_STRENGTH if lexicon.WEAK.search(self._around) else 1.0
        return weak * (STRONG_STRENGTH if lexicon.STRONG.search(self._around) else 1.0)

    @property
    def degree(self) -> str:
        if self.strength == 1.0:
            return ""
        return "slow " if self.strength < 1.0 else "fast "

    @property
    def _around(self) -> str:
        behind = _NEXT_THOUGHT.split(self.after[: _NEAR // 2])[0]
        return f"{self.before} {self.text} {behind}"

    def nearest(self, negative: re.Pattern[str], positive: re.Pattern[str]) -> int:
        """-1 or +1 for the pattern that stands nearest to the word: in it, else after it, else before it."""
        for part, backwards in ((self.text, False), (self.after, False), (self.before, True)):
            minus, plus = _distance(negative, part, backwards), _distance(positive, part, backwards)
            if minus != plus:
                return -1 if minus < plus else 1
        return 0


def _distance(pattern: re.Pattern[str], text: str, backwards: bool) -> int:
    places = [match.end() if backwards else match.start() for match in pattern.finditer(text)]
    if not places:
        return len(text) + 1
    return len(text) - max(places) if backwards else min(places)


def _camera_words(text: str) -> list[_Found]:
    """Camera words in the order of the text."""
    found: list[_Found] = []
    for sentence in re.findall(r"[^.;!?。\n]+", text):
        spans = _spans(sentence)
        edges = [0, *(end for _, end, _ in spans)], [*(start for start, _, _ in spans[1:]), len(sentence)]
        for (start, end, word), earliest, latest in zip(spans, *edges, strict=False):
            before = sentence[max(earliest, start - _NEAR) : start]
            after = sentence[end : min(latest, end + _NEAR)]
            negated = _is_negated(word, before, after, follows=found[-1] if earliest else None)
            found.append(_Found(word, before, sentence[start:end], after, negated))
    return found


def _spans(sentence: str) -> list[tuple[int, int, Word]]:
    """Where each camera word stands; a place that one word has taken is not read again."""
    spans: list[tuple[int, int, Word]] = []
    for word in lexicon.CAMERA_WORDS:
        for match in word.pattern.finditer(sentence):
            start, end = match.span()
            if start < end and all(end <= other or start >= until for other, until, _ in spans):
                spans.append((start, end, word))
    return sorted(spans, key=lambda span: span[0])


def _is_negated(word: Word, before: str, after: str, *, follows: _Found | None) -> bool:
    """`static` carries its own negation; "no zoom or pan" negates both."""
    if word.axis == "still":
        return False
    if follows and follows.is_negated and lexicon.NEGATION_GOES_ON.search(before):
        return True
    return bool(lexicon.NEGATIONS.search(before) or lexicon.NEGATIONS_AFTER.search(after))


_DIRECTIONS = {
    "x": (lexicon.LEFT, lexicon.RIGHT, "to the left", "to the right"),
    "y": (lexicon.UP, lexicon.DOWN, "up", "down"),
    "roll": (lexicon.COUNTERCLOCKWISE, lexicon.CLOCKWISE, "anticlockwise", "clockwise"),
}


def _direction(found: _Found, seed: int) -> tuple[int, str]:
    if found.word.axis not in _DIRECTIONS:
        return found.word.sign, ""
    negative, positive, minus, plus = _DIRECTIONS[found.word.axis]
    sign = found.nearest(negative, positive) or (1 if draw(seed, "direction") < 0.5 else -1)
    return sign, minus if sign < 0 else plus


_DEFAULTS = (
    (Move("zoom", +1, 0.7), "camera: gentle zoom in (chosen by the seed)"),
    (Move("zoom", -1, 0.7), "camera: gentle zoom out (chosen by the seed)"),
    (Move("drift", +1, 0.8), "camera: gentle drift (chosen by the seed)"),
    (Move("x", +1, 0.6), "camera: gentle pan to the right (chosen by the seed)"),
    (Move("x", -1, 0.6), "camera: gentle pan to the left (chosen by the seed)"),
)


@dataclass(slots=True)
class _Draft:
    """The camera part of a plan while the prompt is being read."""

    seed: int
    moves: dict[Axis, Move] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refused: set[Axis] = field(default_factory=set)

    def take(self, found: _Found) -> None:
        """The first word of an axis counts; `static` counts only where no move was asked for."""
        axis = found.word.axis
        if found.is_negated:
            self.refused.add(axis)
        elif "still" in self.moves or axis in self.moves or (axis == "still" and self.moves):
            self._settle_conflict(found)
        else:
            self._add(found)

    def complete(self) -> None:
        """A prompt without camera words gets a gentle move, though none of those it refused."""
        if self.moves:
            return
        allowed = [one for one in _DEFAULTS if one[0].axis not in self.refused]
        move, words = allowed[int(draw(self.seed, "move") * len(allowed))]
        self.moves[move.axis] = move
        self.applied.append(words)

    def _add(self, found: _Found) -> None:
        axis, (sign, direction) = found.word.axis, _direction(found, self.seed)
        name = " ".join(found.word.name.format(direction).split())
        self.moves[axis] = Move(axis, sign, found.strength)
        self.applied.append(f"camera: {name}" if axis == "still" else f"camera: {found.degree}{name}")
        if found.word.flat:
            self.ignored.append(f"parallax of the {name} (the picture moves as one plane)")
        if found.word.flat and axis == "zoom":
            # A dolly never runs quite straight; this little sets it apart from a zoom.
            self.moves.setdefault("drift", Move("drift", +1, 0.25))

    def _settle_conflict(self, found: _Found) -> None:
        """To say the same thing twice is no contradiction."""
        known = self.moves.get(found.word.axis)
        if known and known.sign == _direction(found, self.seed)[0]:
            return
        name = " ".join(found.word.name.format("").split())
        self.ignored.append(f"camera: {name} (contradicts what comes before it)")


def _not_done(text: str) -> list[str]:
    """What the prompt asks for by name and this engine does not do."""
    ignored = [name for name, pattern in lexicon.UNSUPPORTED_MOVES if pattern.search(text)]
    for name, pattern in lexicon.UNSUPPORTED_LIGHT:
        if pattern.search(text):
            ignored.append(f"effect: {name}")
            text = pattern.sub(" ", text)
    return ignored + [f"object motion: {motion}" for motion in _object_motions(text)]


def _object_motions(text: str) -> Iterator[str]:
    """Subject and verb of each clause in which a thing of the picture is to move; at most six."""
    count = 0
    for clause in re.split(r"[.,;:!?。、\n]|\b(?:and|while|as|with|where)\b", text):
        motion = next(iter(_motions_after_subject(clause)), None)
        if motion and count < 6:
            count += 1
            yield motion


def _motions_after_subject(clause: str) -> Iterator[str]:
    for subject in lexicon.SUBJECTS.finditer(clause):
        verb = lexicon.MOTIONS.search(clause, subject.end())
        if verb:
            motion = clause[subject.start() : verb.end()]
            yield motion if len(motion) <= _NEAR else f"{subject.group()} … {verb.group()}"


@functools.lru_cache(maxsize=1024)
def draw(seed: int, purpose: str) -> float:
    """A number in 0 … 1 that depends on nothing but the seed and what it is for; the same in every Python."""
    digest = blake2b(f"{seed}/{purpose}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
