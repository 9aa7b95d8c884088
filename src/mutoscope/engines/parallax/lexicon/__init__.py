"""The words the planner knows, one module per language, tables only.

Each table maps what is meant to how people say it; `words.py` explains the notation and `reading.py` uses it. A
word is here because the engine can do what it means, or because people ask for it and deserve to be told that it
was not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mutoscope.engines.parallax.lexicon.de import GERMAN
from mutoscope.engines.parallax.lexicon.en import ENGLISH
from mutoscope.engines.parallax.lexicon.es import SPANISH

# What parallax 0.1 reads (plan.py, camera.py); goes when its renderer goes.
from mutoscope.engines.parallax.lexicon.fr import FRENCH
from mutoscope.engines.parallax.lexicon.ja import JAPANESE
from mutoscope.engines.parallax.lexicon.ko import KOREAN
from mutoscope.engines.parallax.lexicon.pt import PORTUGUESE
from mutoscope.engines.parallax.lexicon.words import Language
from mutoscope.engines.parallax.lexicon.zh import CHINESE

LANGUAGES: Final[Mapping[str, Language]] = {
    language.code: language for language in (ENGLISH, JAPANESE, CHINESE, KOREAN, SPANISH, GERMAN, FRENCH, PORTUGUESE)
}
"""Every language by its ISO 639-1 code."""
