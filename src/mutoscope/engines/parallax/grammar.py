"""What the hits of a stretch of text mean together: who moves, where to, how much, and what is refused.

The rules are about kinds of words, not about words, so they serve every language. They see one stretch at a time;
shots and everything that concerns the whole clip are decided in `planner.py`. Read next: `verbs.py`, `degrees.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mutoscope.engines.parallax.clauses import MAX_HITS, Clause, split, with_degrees
from mutoscope.engines.parallax.degrees import degrees
from mutoscope.engines.parallax.reading import Hit, Meaning, Text, words
from mutoscope.engines.parallax.shots import Ease
from mutoscope.engines.parallax.verbs import ANY_MOTION, NAMES, Verb, fits, kind_and_way, without_echoes

_LIVING = {
    "clouds": "clouds_drift",
    "water": "water_ripples",
    "foliage": "foliage_sways",
    "hair": "hair_moves",
    "cloth": "cloth_moves",
}
_SUBJECT_MARKS = "がはも가이은는도"
_LEADING = frozenset("从沿向往朝由顺贴绕穿把将对跟随离")
"""Chinese puts "through the forest" before the verb."""

_OTHER_SIDE = {"left": "right", "right": "left"}
_BARE = ("left", "right", "closer")
_MAX_BARE_WORDS = 12
_MAX_MOTIONS = 6
_MAX_SNIPPET = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A camera move or effect that the text asks for, or refuses.

    kind       the verb of a camera move (a key of NAMES), or the name of an effect.
    way        the direction; empty where the text gives none.
    degree     what the words beside it make of its strength.
    """

    kind: str
    way: str = ""
    degree: float = 1.0
    is_negated: bool = False


@dataclass(slots=True)
class Findings:
    """What a stretch of text says, each list in the order of the text.

    bare   directions without a verb ("slowly to the left"): a move only if the whole prompt has no other.
    """

    moves: list[Asked] = field(default_factory=list)
    effects: list[Asked] = field(default_factory=list)
    bare: list[Asked] = field(default_factory=list)
    motions: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    ease: Ease | None = None


@dataclass(slots=True)
class _Parts:
    """The hits of a clause by what they do in it."""

    living: list[Hit]
    verbs: list[Verb] = field(default_factory=list)
    effects: list[tuple[Hit, str]] = field(default_factory=list)
    acts: list[Hit] = field(default_factory=list)
    undone: list[Hit] = field(default_factory=list)
    is_stirred: bool = False


def parse(text: Text, hits: Sequence[Hit], start: int, end: int) -> Findings:
    """Findings of text[start:end]; `hits` are those inside."""
    found = Findings()
    last_subject = ""
    for sentence in split(hits, start, end, ("stop",)):
        reader = _Sentence(text, found, last_subject)
        reader.parse(sentence)
        last_subject = reader.subject or last_subject
    return found


class _Sentence:
    """Reads clause by clause; a clause without a subject of its own goes on with the last one."""

    def __init__(self, text: Text, found: Findings, last_subject: str) -> None:
        self.text = text
        self.found = found
        self.last_subject = last_subject
        self.own_subject = ""
        self.is_gaze = False
        self.subject = ""
        self.subject_start = 0
        self.pending: list[Hit] = []
        self.negating = False
        self.last_verb: Meaning | None = None

    def parse(self, sentence: Clause) -> None:
        if self._rides(sentence):
            return
        clauses = with_degrees(split(sentence.hits, sentence.start, sentence.end, ("comma", "also"), MAX_HITS))
        for number, clause in enumerate(clauses):
            self._clause(clause)
            following = clauses[number + 1].joint if number + 1 < len(clauses) else ""
            self._carry(clause, following)

    def _rides(self, sentence: Clause) -> bool:
        """ "The landscape slides past to the left" is a camera that travels to the right."""
        side = next((hit for hit in sentence.hits if hit.name_of("way") in _OTHER_SIDE), None)
        first = next((hit for hit in sentence.hits if hit.has("scenery", "camera", "thing", "move")), None)
        is_scenery = (
            first is not None and first.has("scenery") and any(hit.has("maybe", "stir", "act") for hit in sentence.hits)
        )
        if side is None or not (is_scenery or any(hit.has("ride") for hit in sentence.hits)):
            return False
        self.found.moves.append(Asked("truck", _OTHER_SIDE[side.name_of("way")]))
        rest = [hit for hit in sentence.hits if not hit.has("scenery", "ride", "move", "maybe", "way")]
        for clause in split(rest, sentence.start, sentence.end, ("comma", "also"), MAX_HITS):
            self._clause(clause)
        return True

    # --- one clause ---------------------------------------------------------------------------------------------

    def _clause(self, clause: Clause) -> None:
        self.own_subject = ""
        self.is_gaze = False
        self.subject_start = clause.start
        negated = self._negations(clause)
        parts = _Parts(living=self.pending)
        for hit in clause.hits:
            self._sort(hit, self._role(hit, clause, parts.living), parts)
        effects = parts.effects + self._stirred(clause, parts) + _pairs(clause)
        targets = [hit for hit, _ in parts.verbs] + [hit for hit, _ in effects] + parts.acts
        how_much = degrees(clause.hits, targets)
        for hit, name in effects:
            self.found.effects.append(Asked(name, "", how_much.get(hit, 1.0), hit in negated))
        self._moves(clause, parts.verbs, how_much, negated)
        self.found.undone += [hit.name_of("undone") for hit in parts.undone if hit not in negated]
        acts = [hit for hit in parts.acts if hit not in negated][: _MAX_MOTIONS - len(self.found.motions)]
        self.found.motions += [self._snippet(clause, hit) for hit in acts]

    def _sort(self, hit: Hit, role: str, parts: _Parts) -> None:
        """Put a hit where its role belongs, and note who acts."""
        if role == "verb":
            meaning = hit.get("move") or hit.get("maybe")
            assert meaning is not None
            parts.verbs.append((hit, meaning))
        elif role == "effect":
            parts.effects.append((hit, hit.name_of("effect")))
        elif role == "ease":
            self.found.ease = _ease(hit.name_of("ease"))
        elif role in ("living", "act", "undone"):
            {"living": parts.living, "act": parts.acts, "undone": parts.undone}[role].append(hit)
        elif role == "stir":
            parts.is_stirred = True
        if role in ("effect", "living", "camera", "thing", "it"):
            self._name_subject(role, hit)

    def _name_subject(self, kind: str, hit: Hit) -> None:
        """The first noun acts; in Japanese and Korean, the first that is marked so."""
        if self.text.way_first and kind in ("thing", "living", "effect"):
            mark = self.text.plain[hit.end : hit.end + 4].lstrip("たちら들 ")
            is_marked = mark[:1] in _SUBJECT_MARKS or self.text.plain[hit.end - 1] in _SUBJECT_MARKS
            if kind != "effect" and mark and not is_marked:
                return
        if kind != "camera" and self.text.plain[max(0, hit.start - 1) : hit.start] in _LEADING:
            return
        if kind == "it":
            kind = self.last_subject or "thing"
        if not self.own_subject:
            self.own_subject = kind
            self.is_gaze = hit.name_of("camera") == "gaze"
            self.subject_start = hit.start

    def _role(self, hit: Hit, clause: Clause, living: list[Hit]) -> str:
        """What a hit does in this clause; words such as "drift" or "rolls" depend on who acts."""
        if hit.has("skip"):
            return ""
        if hit.has("move"):
            return "verb"
        subject = self._subject(clause, hit)
        if hit.has("maybe") and (subject == "camera" or (not subject and self._needs_no_camera(hit, clause))):
            return "verb"
        if hit.has("maybe") and subject != "living":
            return "act" if subject == "thing" else ""
        if hit.has("living") and not living and self._is_noun(hit, clause, subject):
            return "living"
        if hit.has("stir") and (subject == "living" or living):
            return "stir"
        if hit.has("maybe", "act"):
            return "act" if hit.has("act") and subject in ("thing", "living", "") else ""
        kinds = ("effect", "living", "camera", "it", "thing", "stir", "undone", "ease")
        return next((kind for kind in kinds if hit.has(kind)), "")

    def _needs_no_camera(self, hit: Hit, clause: Clause) -> bool:
        """ "glide left" is about the camera; "shaking" and "still" may be about anything, unless they stand alone."""
        is_safe = hit.name_of("maybe") not in ("handheld", "static") or any(one.has("camera") for one in clause.hits)
        return is_safe or self._is_bare(clause)

    def _is_noun(self, hit: Hit, clause: Clause, subject: str) -> bool:
        """ "waves" are water, unless somebody waves."""
        if not hit.has("act") or subject in ("", "camera"):
            return True
        if self.own_subject or self._has_unknown(clause, hit.start):
            return False
        return any(one.start >= hit.end and one.has("stir", "act") for one in clause.hits)

    def _subject(self, clause: Clause, verb: Hit) -> str:
        """Who does what the verb says: the clause's own noun, an unknown word, or the subject before."""
        if self.own_subject:
            return self.own_subject
        if self._has_unknown(clause, verb.start):
            return "thing"
        return self.subject

    def _has_unknown(self, clause: Clause, until: int) -> bool:
        """Whether words that the lexicon does not know stand before the verb, and not as "through the …"."""
        if self.text.plain[clause.start : until].lstrip()[:1] in _LEADING:
            return False
        nouns = () if self.text.way_first else ("one", "two", "light")
        place = clause.start
        for hit in clause.hits:
            if hit.start >= until:
                break
            if self._content(place, hit.start):
                return True
            place = max(place, hit.end)
            if hit.has("skip", *nouns) and not hit.has("degree", "way", "effect", "from", "to"):
                return True
        return self._content(place, until)

    def _content(self, start: int, end: int) -> bool:
        """Whether there is a word that may be a subject; Japanese and Korean mark theirs."""
        gap = self.text.plain[start:end]
        if self.text.way_first:
            return any(word.find(mark, 1) > 0 for word in gap.split() for mark in _SUBJECT_MARKS)
        return any(word not in self.text.fillers for word in words(gap))

    def _carry(self, clause: Clause, joint: str) -> None:
        """What the next clause takes over: the subject, and "hair" of "hair and dress flutter"."""
        verb = next((hit for hit in clause.hits if hit.has("maybe", "stir", "act") and not hit.has("move")), None)
        if self.own_subject == "camera" or (self.own_subject and verb is not None):
            self.subject = self.own_subject
        elif verb is not None and not self.own_subject and self._has_unknown(clause, verb.start):
            self.subject = "thing"
        last = clause.hits[-1] if clause.hits else None
        self.pending = [last] if joint == "also" and last is not None and last.has("living") else []

    # --- parts of a clause --------------------------------------------------------------------------------------

    def _stirred(self, clause: Clause, parts: _Parts) -> list[tuple[Hit, str]]:
        """Living parts and lights that something moves; waves move by themselves."""
        is_stirred = parts.is_stirred or any(hit.has("wind") for hit in clause.hits)
        effects = [(hit, _LIVING[hit.name_of("living")]) for hit in parts.living if is_stirred or hit.has("self")]
        if is_stirred:
            effects += [(hit, hit.name_of("light")) for hit in clause.hits if hit.has("light")]
        return effects

    def _negations(self, clause: Clause) -> set[Hit]:
        """Hits that are refused: behind "no" up to the end of the list, or before ない."""
        negated: set[Hit] = set()
        objects = [hit for hit in clause.hits if _is_object(hit)]
        for hit in clause.hits:
            if hit.has("not"):
                following = [one for one in objects if one.start >= hit.end]
                self._refuse(following, hit.end, negated)
            elif hit.has("not_after"):
                self._refuse_before([one for one in objects if one.end <= hit.start or one is hit], negated)
        continues = clause.joint in ("comma", "also") and self.negating
        if continues and objects and self._is_bare(clause):
            negated.update(hit for hit in objects if hit.name_of("move") != "static")
        self.negating = bool(negated) and not any(hit.has("but") for hit in clause.hits)
        return negated

    def _is_bare(self, clause: Clause) -> bool:
        """Whether the clause is nothing but an item of a list: "or fog"."""
        place = clause.start
        for hit in clause.hits:
            if not (_is_object(hit) or hit.has("list", "skip")) or self._content(place, hit.start):
                return False
            place = max(place, hit.end)
        return not self._content(place, clause.end)

    def _refuse_before(self, objects: list[Hit], negated: set[Hit]) -> None:
        """The last one, and those that are listed with it: "雨も霧もなし"."""
        following: Hit | None = None
        for hit in reversed(objects):
            if following is not None and len(self.text.plain[hit.end : following.start].strip()) > 1:
                return
            negated.add(hit)
            following = hit

    def _refuse(self, objects: list[Hit], end: int, negated: set[Hit]) -> None:
        for hit in objects:
            if hit.start - end > 28:
                return
            negated.add(hit)
            end = hit.end

    def _moves(self, clause: Clause, verbs: list[Verb], how_much: dict[Hit, float], negated: set[Hit]) -> None:
        verbs = without_echoes(self.text, verbs)
        for number, (hit, meaning) in enumerate(verbs):
            kind, way = kind_and_way(self.text, verbs, number, clause.hits, is_gaze=self.is_gaze)
            asked = Asked(kind, way, how_much.get(hit, 1.0), hit in negated)
            if kind in ANY_MOTION and asked.is_negated:
                asked = Asked("static")
            elif kind in ("go", "turn") and not way:
                continue
            self.found.moves.append(asked)
            self.last_verb = meaning
        if not verbs:
            self._way_alone(clause)

    def _way_alone(self, clause: Clause) -> None:
        """ "and up" goes on with the verb before it, and "camera to the left" needs no verb."""
        ways = [hit for hit in clause.hits if hit.has("way") and fits("go", hit.name_of("way"))]
        if not ways:
            return
        name = ways[0].name_of("way")
        if name in _BARE and not self.own_subject and self._is_short(clause):
            self.found.bare.append(Asked("go", name, degrees(clause.hits, ways).get(ways[0], 1.0)))
        if self.own_subject == "camera":
            self.found.moves.append(Asked("turn" if self.is_gaze and fits("turn", name) else "go", name))
        elif (
            self.last_verb is not None
            and clause.joint == "also"
            and not self.own_subject
            and not self._has_unknown(clause, ways[0].start)
            and name in NAMES[self.last_verb.name]
        ):
            self.found.moves.append(Asked(self.last_verb.name, name))

    def _is_short(self, clause: Clause) -> bool:
        return sum(1 for _ in words(self.text.plain[clause.start : clause.end])) <= _MAX_BARE_WORDS

    def _snippet(self, clause: Clause, verb: Hit) -> str:
        """The subject and the verb, as the caller wrote them."""
        if self.own_subject and self.subject_start < verb.start:
            return " ".join(self.text.text[max(self.subject_start, verb.end - _MAX_SNIPPET) : verb.end].split())
        start = max(clause.start, verb.end - _MAX_SNIPPET)
        while start < verb.start:
            first = next(iter(words(self.text.plain[start : verb.start])), "")
            if first and first not in self.text.fillers:
                break
            start = self.text.plain.find(first, start) + len(first) if first else verb.start
        return " ".join(self.text.text[start : verb.end].split())


def _pairs(clause: Clause) -> list[tuple[Hit, str]]:
    """Effects told in two words, such as "corners" and "dark"."""
    seconds = {meaning.name for hit in clause.hits for meaning in hit.meanings if meaning.kind == "two"}
    return [
        (hit, meaning.name)
        for hit in clause.hits
        for meaning in hit.meanings
        if meaning.kind == "one" and meaning.name in seconds
    ]


def _is_object(hit: Hit) -> bool:
    return hit.has("move", "maybe", "effect", "light", "living", "act", "undone", "one") and not hit.has("skip")


def _ease(name: str) -> Ease:
    eases: dict[str, Ease] = {"linear": "linear", "in": "in", "out": "out"}
    return eases.get(name, "smooth")
