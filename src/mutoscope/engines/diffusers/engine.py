"""The engine: a task becomes one call of a pipeline that is kept warm for the next.

What needs torch is imported when the engine warms up, in its own process. Read next: `making`.
"""

from __future__ import annotations

import os
import threading

from mutoscope.engines.base import Capabilities, Produced, Progress, Task
from mutoscope.engines.diffusers import weights
from mutoscope.engines.diffusers.plan import FILES, PARAMETERS, SETTINGS, read_plan
from mutoscope.engines.diffusers.shelf import Shelf
from mutoscope.errors import ConfigError, EngineError

MEMORY = "MUTOSCOPE_GPU_MEMORY_GB"
"""What all models together may take, in place of what the device has."""


class Diffusers:
    """Runs a pipeline of diffusers from weights on this machine. Settings: `plan.read_plan`."""

    version = "1"

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._shelf: Shelf | None = None

    def capabilities(self) -> Capabilities:
        """What can be bound; which of it a model takes is known with the manifest's family."""
        return Capabilities(
            parameters=PARAMETERS,
            files=FILES,
            required=frozenset(),
            produces=frozenset({"video", "image"}),
            settings=SETTINGS,
            keeps_models=True,
            lacks=weights.lacks,
            with_settings=lambda settings: read_plan(settings).capabilities(),
        )

    def warm(self, progress: Progress) -> None:
        """Import torch and diffusers; weights are loaded with the first task that names them. Raises EngineError."""
        self._shelf = self._shelf or self._opened()
        progress.report(1.0, "ready")

    def _opened(self) -> Shelf:
        if missing := weights.missing_packages():
            raise EngineError(f"{', '.join(missing)}: not installed; pip install 'mutoscope[gpu]'")
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # the same seed gives the same file
        from mutoscope.engines.diffusers import pipelines  # noqa: PLC0415 - torch, here and nowhere else

        return Shelf(pipelines.load, pipelines.held_bytes, lambda: pipelines.limit_bytes(MEMORY), pipelines.free)

    def run(self, task: Task, progress: Progress) -> Produced:
        """One task. Raises EngineError and MediaError."""
        self._stopped.clear()
        if self._shelf is None:
            self._shelf = self._opened()
        from mutoscope.engines.diffusers.attempt import Attempt  # noqa: PLC0415 - as above

        try:
            return Attempt(self._shelf, task, progress, self._stopped).produced()
        except ConfigError as exc:
            raise EngineError(exc.message, declined=True) from exc

    def stop(self) -> None:
        """The running step is left in its middle; weights stay where they are."""
        self._stopped.set()

    def close(self) -> None:
        """Give back the memory."""
        if self._shelf is not None:
            self._shelf.clear()
