"""Weights in memory: loaded once, kept for the next request, put away when another model needs the room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from mutoscope.engines.diffusers.plan import Plan


class Shelf:
    """Pipelines by plan, the one used last at the end.

    load          makes one.
    size          bytes that one will take.
    limit_bytes   what all of them may take together; asked before each load.
    free          called after one was put away.
    """

    def __init__(
        self,
        load: Callable[[Plan], Any],
        size: Callable[[Plan], int],
        limit_bytes: Callable[[], int],
        free: Callable[[], None],
    ) -> None:
        self._load, self._size, self._limit_bytes, self._free = load, size, limit_bytes, free
        self._held: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()

    def take(self, plan: Plan) -> Any:
        """The pipeline, loaded if it is not there; those that were not used for longest make room for it."""
        if plan.key in self._held:
            self._held.move_to_end(plan.key)
            return self._held[plan.key][0]
        needed = self._size(plan)
        while self._held and needed + sum(size for _, size in self._held.values()) > self._limit_bytes():
            self._held.popitem(last=False)
            self._free()
        pipe = self._load(plan)
        self._held[plan.key] = (pipe, needed)
        return pipe

    def clear_but(self, plan: Plan) -> bool:
        """Put away all but this one; whether there was anything to put away."""
        others = [key for key in self._held if key != plan.key]
        for key in others:
            del self._held[key]
        self._free()
        return bool(others)

    def clear(self) -> None:
        self._held.clear()
        self._free()
