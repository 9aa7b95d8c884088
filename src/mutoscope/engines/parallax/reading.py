"""From text to hits: which phrases of the lexicon stand where.

One pass over the tokens with one tree of phrases, so the time grows with the length of the text and nothing else.
It knows no grammar; what the hits mean together is decided in `grammar.py`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mutoscope.engines.parallax.lexicon import LANGUAGES
from mutoscope.engines.parallax.lexicon.words import Language
from mutoscope.engines.parallax.lexicon.zh import TRADITIONAL

MAX_CHARACTERS = 4_000
"""What lies beyond is not read, and said to be ignored; the reference model accepts 800."""

_SAMPLE = 300
"""So many words are enough to tell the language."""

_NO_SPACES = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3々〆〇"
_TOKEN = re.compile(rf"[{_NO_SPACES}]|[^\W_{_NO_SPACES}]+|\n|[^\w\s]")
_UNSPACED = re.compile(rf"[{_NO_SPACES}]")
_KANA = re.compile(r"[\u3040-\u30fa]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z]")

_STOPS = frozenset(".!?。;\n…")
_COMMAS = frozenset(',、:()[]{}—–→/+|•*«»「」『』“”"')
_DIGITS = frozenset("一二三四五六七八九十")
_SIMPLIFIED = {ord(pair[0]): pair[1] for pair in TRADITIONAL.split()}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing a phrase may mean; see `lexicon/words.py`."""

    kind: str
    name: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the lexicon, or a barrier (`stop`, `comma`), in the text."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]

    def get(self, kind: str) -> Meaning | None:
        """The meaning of that kind, if the phrase has one."""
        for meaning in self.meanings:
            if meaning.kind == kind:
                return meaning
        return None

    def name_of(self, kind: str) -> str:
        """The name in the meaning of that kind; empty if the phrase has none."""
        meaning = self.get(kind)
        return meaning.name if meaning else ""

    def has(self, *kinds: str) -> bool:
        """Whether it may mean any of these kinds."""
        return any(meaning.kind in kinds for meaning in self.meanings)


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt that has been read.

    text       as the caller wrote it, in composed form (NFKC).
    plain      the same, lower case and without accents; positions agree with `text`.
    hits       in the order of the text, without overlaps.
    way_first  directions stand before their verb.
    fillers    words that are no subject.
    """

    text: str
    plain: str
    hits: tuple[Hit, ...]
    way_first: bool
    fillers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    """A place in the tree of phrases: which words may follow, and what has been said so far."""

    words: dict[str, _Node] = field(default_factory=dict)
    stems: dict[str, _Node] = field(default_factory=dict)
    meanings: tuple[Meaning, ...] = ()
    at_word_start: bool = False


def read(prompt: str) -> Text:
    """Normalise, tell the languages, find the phrases."""
    text = unicodedata.normalize("NFKC", prompt[:MAX_CHARACTERS])
    plain = fold(text)
    tokens = _tokens(plain)
    codes = _languages(text.lower(), plain, tokens)
    vocabulary = _vocabulary(codes)
    hits = tuple(vocabulary.hits(tokens, plain))
    return Text(text, plain, hits, vocabulary.way_first, vocabulary.fillers)


@functools.lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    lower = character.lower()
    base = unicodedata.normalize("NFD", lower)[:1] if "a" <= lower[:1] <= "z" or "À" <= character <= "ɏ" else lower
    return base if len(base) == 1 else character


def fold(text: str) -> str:
    """Lower case, Latin letters without accents, Chinese in simplified characters; every character keeps its place."""
    return "".join(map(_fold_character, text)).translate(_SIMPLIFIED)


def words(plain: str) -> Iterator[str]:
    """The words of a piece of folded text; in scripts without spaces, its characters."""
    return (match.group() for match in _TOKEN.finditer(plain) if match.group()[0].isalnum())


def _tokens(plain: str) -> list[_Token]:
    return [_Token(match.group(), *match.span()) for match in _TOKEN.finditer(plain)]


def _languages(text: str, plain: str, tokens: list[_Token]) -> tuple[str, ...]:
    """The codes of the lexicons to use: one for each script in the text."""
    codes = []
    if _HANGUL.search(plain):
        codes.append("ko")
    if _KANA.search(plain):
        codes.append("ja")
    elif _HAN.search(plain):
        codes.append(_best_known(("zh", "ja"), tokens, plain))
    if _LATIN.search(plain):
        codes.append(_latin_language(tokens, text, plain))
    return tuple(codes) or ("en",)


def _best_known(codes: Sequence[str], tokens: list[_Token], plain: str) -> str:
    """The language whose phrases cover most of the text; of equals the first."""

    def covered(code: str) -> int:
        hits = _vocabulary((code,)).hits(tokens[:_SAMPLE], plain)
        return sum(hit.end - hit.start for hit in hits if not hit.has("stop", "comma", "skip"))

    return max(codes, key=covered) if len(codes) > 1 else codes[0]


def _latin_language(tokens: list[_Token], text: str, plain: str) -> str:
    """The language with most of its own words in the text; typical words count twice, its own letters thrice."""
    counts = dict.fromkeys(_typical(), 0.0)
    for token in tokens:
        for code in _speakers().get(token.text, ()):
            counts[code] += 1
    for code, letters in _LETTERS.items():
        counts[code] += 3 * sum(letter in text for letter in letters)
    most = max(counts.values())
    return _best_known([code for code in counts if counts[code] >= most - 1], tokens, plain)


_LETTERS = {"es": "ñ¿¡", "de": "äöüß", "fr": "èêëîïûùœ", "pt": "ãõ"}


@functools.cache
def _typical() -> dict[str, frozenset[str]]:
    return {code: frozenset(fold(language.typical).split()) for code, language in LANGUAGES.items() if language.typical}


@functools.cache
def _speakers() -> dict[str, tuple[str, ...]]:
    """Which languages know a word; twice those for which it is typical."""
    speakers: dict[str, tuple[str, ...]] = {}
    for code, typical in _typical().items():
        known = {word for phrases in LANGUAGES[code].words.values() for word in words(fold(phrases)) if len(word) > 3}
        for word in known - typical:
            speakers[word] = (*speakers.get(word, ()), code)
        for word in typical:
            speakers[word] = (*speakers.get(word, ()), code, code)
    return speakers


@functools.cache
def _vocabulary(codes: tuple[str, ...]) -> _Vocabulary:
    return _Vocabulary([LANGUAGES[code] for code in codes])


class _Vocabulary:
    """The tree of phrases of one or more languages."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._root = _Node()
        self._empty: frozenset[str] = frozenset()
        self._adverbs: dict[str, list[tuple[str, ...]]] = {}
        self.fillers: frozenset[str] = frozenset()
        self.way_first = False
        for language in languages:
            self._add(language)

    def _add(self, language: Language) -> None:
        empty = frozenset(fold(language.empty).split())
        self._empty |= empty
        self.fillers |= empty | frozenset(fold(language.plain).split())
        self.way_first |= language.way_first
        for meaning, phrases in language.words.items():
            kind, name, way = (*meaning.split(":"), "", "")[:3]
            for phrase in phrases.split("|"):
                self._add_phrase(fold(unicodedata.normalize("NFKC", phrase)), empty, Meaning(kind, name, way))

    def _add_phrase(self, phrase: str, empty: frozenset[str], meaning: Meaning) -> None:
        at_word_start = phrase.strip().startswith("^")
        node = self._root
        depth = 0
        for token in re.findall(rf"#|[{_NO_SPACES}]|[^\W_{_NO_SPACES}]+\*?|[^\w\s'’^*-]", phrase):
            if token in empty and depth:
                continue
            depth += 1
            children = node.stems if token.endswith("*") else node.words
            node = children.setdefault(token.rstrip("*"), _Node())
        if meaning.kind in ("degree", "very") and not node.stems and "*" not in phrase:
            tokens = tuple(_TOKEN.findall(phrase))
            self._adverbs.setdefault(tokens[0], []).append(tokens)
        if depth and meaning not in node.meanings:
            node.meanings += (meaning,)
            node.at_word_start |= at_word_start

    def hits(self, tokens: list[_Token], plain: str) -> Iterator[Hit]:
        """The longest phrase at each place; what one phrase has taken is not read again, but for its adverbs."""
        tokens = [token for token in tokens if not _joins(token, plain)]
        place = 0
        while place < len(tokens):
            end, meanings = self._longest(self._root, tokens, place, _starts_word(tokens[place], plain))
            if meanings:
                hit = Hit(tokens[place].start, tokens[end - 1].end, meanings)
                yield hit
                if hit.has("move", "maybe"):
                    yield from self._adverbs_inside(tokens[place:end])
                place = end
                continue
            barrier = _barrier(tokens[place], plain)
            if barrier:
                yield Hit(tokens[place].start, tokens[place].end, (Meaning(barrier),))
            place += 1

    def _adverbs_inside(self, tokens: list[_Token]) -> Iterator[Hit]:
        place = 0
        while place < len(tokens):
            length = self._adverb(tokens, place)
            if length:
                node = functools.reduce(
                    lambda at, token: at.words[token.text], tokens[place : place + length], self._root
                )
                yield Hit(tokens[place].start, tokens[place + length - 1].end, node.meanings)
            place += length or 1

    def _adverb(self, tokens: list[_Token], place: int) -> int:
        """How many tokens the longest adverb has that stands here."""
        lengths = [
            len(adverb)
            for adverb in self._adverbs.get(tokens[place].text, ())
            if len(adverb) > 1 or not _UNSPACED.match(adverb[0])
            if all(token.text == word for token, word in zip(tokens[place : place + len(adverb)], adverb, strict=False))
            and place + len(adverb) <= len(tokens)
        ]
        return max(lengths, default=0)

    def _longest(
        self, node: _Node, tokens: list[_Token], place: int, at_word_start: bool, spared: int = 3
    ) -> tuple[int, tuple[Meaning, ...]]:
        """Where the longest phrase from here ends, and what it means.

        `spared` articles and adverbs may still be passed over: "pushes very slowly in".
        """
        is_whole = (at_word_start or not node.at_word_start) and not _goes_on(tokens, place)
        best = place, node.meanings if is_whole else ()
        if place == len(tokens):
            return best
        token = tokens[place].text
        ways = [(child, 1, spared) for child in _children(node, token)]
        passed = 0 if node is self._root or not spared else 1 if token in self._empty else self._adverb(tokens, place)
        if passed:
            ways.append((node, passed, spared - 1))
        for child, length, left in ways:
            end, meanings = self._longest(child, tokens, place + length, at_word_start, left)
            if not meanings or (child is node and meanings == node.meanings):
                continue
            if end == best[0] and best[1]:
                best = end, tuple(dict.fromkeys(best[1] + meanings))
            elif end > best[0] or not best[1]:
                best = end, meanings
        return best


_LONGEST_STEM = 20


def _children(node: _Node, token: str) -> Iterator[_Node]:
    if token in node.words:
        yield node.words[token]
    if "#" in node.words and (token in _DIGITS or token.isdecimal()):
        yield node.words["#"]
    if node.stems:
        for length in range(min(len(token), _LONGEST_STEM), 1, -1):
            stem = node.stems.get(token[:length])
            if stem is not None:
                yield stem
                return


def _goes_on(tokens: list[_Token], place: int) -> bool:
    """Whether a Chinese numeral is the beginning of a longer word: "镜头一直" is no first shot."""
    if not 0 < place < len(tokens) or tokens[place - 1].text not in _DIGITS:
        return False
    return tokens[place].start == tokens[place - 1].end and bool(_HAN.match(tokens[place].text))


def _joins(token: _Token, plain: str) -> bool:
    """Hyphens and apostrophes inside a word, and the dot between Japanese words, separate nothing."""
    if token.text in "'’‘`・~":
        return True
    inside = token.start > 0 and token.end < len(plain)
    if token.text == "-":
        return inside and not plain[token.start - 1].isspace() and not plain[token.end].isspace()
    if token.text in "./:":  # 2.5, 1:30, f/1.8
        return inside and plain[token.end].isdecimal()
    return False


def _starts_word(token: _Token, plain: str) -> bool:
    return token.start == 0 or not _UNSPACED.match(plain[token.start - 1])


def _barrier(token: _Token, plain: str) -> str:
    if token.text in _STOPS:
        return "stop"
    if token.text in _COMMAS or token.text == "-":
        return "comma"
    return ""
