"""How a language's table is written down: meanings on the left, phrases on the right.

A meaning is `kind`, `kind:name` or `kind:name:way`:

    camera[:gaze]         the camera itself: "camera", "shot", "カメラ"; a gaze turns where a camera would travel
    it                    a pronoun for whatever acted last
    move:NAME[:WAY]       a camera move on its own: "zoom", "dolly out"
    maybe:NAME[:WAY]      one only if the camera is the subject: "rise", "turn", "glide"
    way:WAY               left right up down in out closer away around clockwise anticlockwise part (of a circle)
    near:WAY              the same, but only right behind the verb: "in", "back"
    degree:FACTOR         slow, slight, violent; `very` strengthens the degree next to it
    ease:EASE             smooth linear in out
    not, not_after, but   negation before or after its object; what ends it
    effect:NAME           one of EFFECTS on its own
    light:NAME            one of EFFECTS if something stirs: "neon" with "flickers"
    one:NAME, two:NAME    one of EFFECTS if both are in a clause: "corners" and "dark"
    living:NAME           part of the picture that may move a little: "clouds", "hair"
    self                  a living part that moves by itself: "waves"
    wind                  moves the living parts of its clause
    stir                  what living parts and lights do: "sways", "flickers"
    act                   what things do and the renderer does not: "walks", "smiles"
    thing                 things that do them, where a language needs help to see them
    scenery, ride         what seems to slide past a travelling camera: "landscape"; "from a train window"
    also, list, from, to  joints
    then, cut, shot       what splits a clip
    undone:WHAT           known, but not done; WHAT is told to the caller
    skip                  looks like a word of this table and is none: "background"

Phrases are separated by `|`. In languages with spaces a phrase matches whole words, `*` stands for the rest of a
word, `#` for a number, and articles (`empty`) may stand between. Scripts without spaces match anywhere; `^` asks
for the beginning of a word (Korean). Accents, case and width do not matter. The longest phrase wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language.

    code       ISO 639-1.
    words      meaning -> phrases.
    empty      articles and the like: may stand anywhere inside a phrase.
    plain      function words; a clause of nothing else before its verb has no subject.
    typical    words that tell this language from the others (only for those written in Latin letters).
    way_first  the direction stands before the verb (Japanese, Korean).
    """

    code: str
    words: Mapping[str, str]
    empty: str = ""
    plain: str = ""
    typical: str = ""
    way_first: bool = False
