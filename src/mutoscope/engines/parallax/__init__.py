"""The `parallax` engine: a picture becomes a video by moving a camera through it, on the CPU.

Start with `engine.py`; the order of a run is `sizes` (which output size), `planner` (what the prompt asks for, as
`shots`), `stage` (depth, then layers: the scene), `camera` (where the camera is in each frame), `render` (frames,
by `tracing`, `kernels` and `developing`) with `effects` (light, weather, looks, living parts).
"""

from mutoscope.engines.parallax.engine import Parallax

__all__ = ["Parallax"]
