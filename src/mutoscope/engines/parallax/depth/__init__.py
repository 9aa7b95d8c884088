"""How far away everything in a picture is, and what it is: the renderer's only look at the world.

`DepthModel` reads a picture with a frozen backbone and our own small head; `flat_understanding` stands in for it
where the backbone is not installed. Read `model.py` first, then `backbone.py` (where the weights come from).
"""

from mutoscope.engines.parallax.depth.model import DepthModel
from mutoscope.engines.parallax.depth.understanding import CLASSES, Understanding, flat_understanding

__all__ = ["CLASSES", "DepthModel", "Understanding", "flat_understanding"]
