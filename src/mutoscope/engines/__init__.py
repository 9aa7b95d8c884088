"""Engines turn a task into files. See `base` for the boundary and `registry` for the list.

What an engine of your own needs is here: `engine` above a function, or a class that satisfies `Engine`.
"""

from mutoscope.engines.base import Capabilities, Engine, Produced, Progress, Task
from mutoscope.engines.function import engine
from mutoscope.errors import EngineError, MediaError

__all__ = ["Capabilities", "Engine", "EngineError", "MediaError", "Produced", "Progress", "Task", "engine"]
