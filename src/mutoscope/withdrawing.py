"""A worker takes back what attempts of others began elsewhere; see `withdrawals`.

In a thread of its own, and in an engine process of its own, so that it waits for no attempt. Only for engines that
work elsewhere.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from mutoscope.engines.process import EngineProcess
from mutoscope.errors import EngineError, LeaseLost
from mutoscope.link import Link, backoff
from mutoscope.protocol import Withdrawal

logger = structlog.get_logger(__name__)

ENGINES = frozenset({"comfyui", "upstream"})
"""Those that work elsewhere, and remember where under their own name."""
CLAIM_WAIT_S = 20.0
HASTY_S = 0.5


class Withdrawer(threading.Thread):
    """Asks for what is to be taken back for as long as the process lives. link: of its own."""

    def __init__(self, link: Link, engines: tuple[str, ...]) -> None:
        super().__init__(name="withdrawer", daemon=True)
        self._link = link
        self._engines = engines

    def run(self) -> None:
        pauses = backoff(0.5, 30.0)
        while True:
            asked = time.monotonic()
            try:
                found = self._link.claim_withdrawal(self._engines, wait_s=CLAIM_WAIT_S)
            except LeaseLost:
                return  # a server of an earlier version knows nothing of it
            except EngineError:
                found = None
            if found is not None:
                carry_out(found)
                with contextlib.suppress(EngineError, LeaseLost):  # then it is handed out again, which does no harm
                    self._link.finish_withdrawal(found.request_id)
            if found or time.monotonic() - asked > HASTY_S:
                pauses = backoff(0.5, 30.0)
                continue
            time.sleep(next(pauses))


def carry_out(withdrawal: Withdrawal) -> None:
    """Say at the other place that nobody wants it any more. What goes wrong is logged and no more."""
    log = logger.bind(request_id=withdrawal.request_id, engine=withdrawal.engine)
    with contextlib.closing(EngineProcess(withdrawal.engine, trace=lambda trace: None)) as engine:
        try:
            engine.warm(_Quiet())
            engine.withdraw(withdrawal.settings, withdrawal.memo, _Quiet(log.info))
        except EngineError as exc:
            log.warning("withdrawal.failed", reason=exc.message)
        else:
            log.info("withdrawal.done")


class _Quiet:
    """`Progress` that nobody follows."""

    def __init__(self, say: Callable[..., Any] | None = None) -> None:
        self._say = say

    def report(self, fraction: float, stage: str) -> None:
        """Nobody waits."""

    def log(self, line: str) -> None:
        if self._say:
            self._say("engine.said", line=line)

    def show(self, picture: Any) -> None:
        """Nobody looks."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """No attempt comes after this."""
