"""Open models on this machine's GPU, through the library diffusers.

Start with `engine.py`; `families.py` is the table of what is known of each family of models, `plan.py` reads a
manifest's settings, `wanted.py` turns a request into legal sizes and lengths, `pipelines.py` loads weights and keeps
them, `making.py` calls the pipeline. torch is imported in the engine's own process only, by `pipelines`.
"""

from mutoscope.engines.diffusers.engine import Diffusers

__all__ = ["Diffusers"]
