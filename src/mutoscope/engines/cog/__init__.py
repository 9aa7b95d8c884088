"""Models packed with Cog: a running container, or a command that starts one, as the engine of a model.

`engine.py` is what workers run and the story of one prediction; `server.py` makes the calls, by the rules of `net`;
`listening.py` hears how far it is; `setup.py` reads a manifest's settings, `proposal.py` proposes one.
"""

from __future__ import annotations

from mutoscope.engines.cog.engine import Cog

__all__ = ["Cog"]
