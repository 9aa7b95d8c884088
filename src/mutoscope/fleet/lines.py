"""What the server tells of its queue, as `scaling` takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mutoscope.fleet.scaling import Line
from mutoscope.link import Refused


def lines_of(told: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """What the server tells of its queue. Raises Refused for what cannot be understood."""
    try:
        return tuple(_line(model) for model in told)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Refused("the server's queue cannot be understood; it is of another version") from exc


def _line(model: Mapping[str, Any]) -> Line:
    resources, needs = model["resources"], model["needs"]
    amounts = {"CPU": resources["num_cpus"], "GPU": resources["num_gpus"], **resources["custom"]}
    return Line(
        model_id=str(model["model_id"]),
        engines=tuple(model["engines"]),
        in_queue=int(model["in_queue"]),
        oldest_s=float(model["oldest_s"]),
        takes={str(name): float(amount) for name, amount in amounts.items() if amount},
        time_limit_s=float(model["time_limit_s"]),
        gpu_memory_gb=float(needs["gpu_memory_gb"]),
        labels=frozenset(needs["labels"]),
    )
