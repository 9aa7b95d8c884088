"""How a pipeline is watched from inside its steps: progress, a wish to stop, and what there is to see so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import torch


class Stopped(Exception):
    """Nobody wants the result any more."""


class Bar:
    """What diffusers takes for its progress bar."""

    def __init__(self, total: int, told: Callable[[int, int], None]) -> None:
        self._total, self._done, self._told = total, 0, told

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put away."""

    def update(self, steps: int = 1) -> None:
        self._done += steps
        self._told(self._done, self._total)

    def set_description(self, text: str = "", *, refresh: bool = True) -> None:
        """Words that some pipelines have for it."""


@contextmanager
def watched(pipe: Any, told: Callable[[int, int], None], check: Callable[[], None]) -> Iterator[None]:
    """Within the block, `told` hears of each finished step, and `check` is called in the middle of them.

    told    steps finished, and all of them.
    check   raises to end the run; called before each block of each network, many times in a step.
    """
    handles = [
        block.register_forward_pre_hook(lambda *_: check())
        for network in _networks(pipe)
        for block in (network, *_blocks(network))
    ]
    pipe.progress_bar = lambda iterable=None, total=None: Bar(total or 0, told)
    try:
        yield
    finally:
        del pipe.progress_bar
        for handle in handles:
            handle.remove()


def _networks(pipe: Any) -> list[Any]:
    return [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]


def _blocks(network: Any) -> list[Any]:
    """Layers of a network that is not compiled; within a compiled one a hook would break what was compiled."""
    if getattr(network, "_compiled_call_impl", None) is not None:
        return []
    return [block for part in network.modules() if isinstance(part, torch.nn.ModuleList) for block in part]
