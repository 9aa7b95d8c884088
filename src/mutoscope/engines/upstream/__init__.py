"""Models of somebody else's account: another Mutoscope, RunComfy, fal, Replicate, OpenAI's shape of videos, Ark.

`engine.py` is what workers run; `trip.py` is the story of one request there; `line.py` makes the calls, by the rules of
`net`; `setup.py` reads a manifest's settings; `vendors/` knows each vendor's words and nothing else.
"""

from __future__ import annotations

from mutoscope.engines.upstream.engine import Upstream

__all__ = ["Upstream"]
