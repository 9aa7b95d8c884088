"""The `parallax` engine: a picture becomes a video by moving a camera over it, on the CPU.

Start with `engine.py`; the order of a run is `sizes` (which output size), `plan` (what the prompt asks for),
`camera` (where the camera is in each frame), `grade` (colour), `render` (pixels).
"""

from mutoscope.engines.parallax.engine import Parallax

__all__ = ["Parallax"]
