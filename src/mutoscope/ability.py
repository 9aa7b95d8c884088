"""What a worker is able to do beside its engines: told with every claim, so that it gets what it can run.

What is loaded is what ran in an engine process that still lives, the last models first in mind: an engine that frees
memory for another model does not say so, and a wrong guess costs one load.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_WARM = 8
ASK_S = 10.0


@dataclass(slots=True)
class Ability:
    """models, gpu_memory_gb, labels and versions: see `protocol.Claim`."""

    models: tuple[str, ...] = ()
    gpu_memory_gb: float = 0.0
    labels: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    _ran: dict[str, dict[str, None]] = field(default_factory=dict)

    def ran(self, engine: str, model_id: str) -> None:
        """A model was run by this engine."""
        models = self._ran.setdefault(engine, {})
        models.pop(model_id, None)
        models[model_id] = None
        for oldest in list(models)[:-MOST_WARM]:
            del models[oldest]

    def started(self, engine: str) -> None:
        """Its process is a new one: nothing is loaded."""
        self._ran.pop(engine, None)

    @property
    def warm(self) -> tuple[str, ...]:
        """Models that are loaded, as far as is known."""
        return tuple(sorted({model for models in self._ran.values() for model in models}))


def gpu_memory_gb(environ: Mapping[str, str] = os.environ) -> float:
    """Memory of the smallest NVIDIA GPU that this process may use, in GiB; 0 where there is none."""
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None and chosen.strip() in ("", "-1"):
        return 0.0
    which = [f"--id={chosen}"] if chosen else []
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits", *which]
    try:
        told = subprocess.run(  # noqa: S603 - no shell, and the variable is this process's own
            command, capture_output=True, text=True, check=True, timeout=ASK_S
        ).stdout
        return round(min(float(line) for line in told.splitlines() if line.strip()) / 1024, 1)
    except (OSError, subprocess.SubprocessError, ValueError):  # no driver, no GPU, or one that does not say
        return 0.0
