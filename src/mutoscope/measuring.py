"""A worker looks at addresses before requests are made: fetched through `net`, measured, thrown away.

It runs in a thread of its own, so that a video which renders for minutes delays no answer. It decides nothing about
the model's rules; what the server is told are measures, or why there are none.
"""

from __future__ import annotations

import dataclasses
import tempfile
import threading
import time
from pathlib import Path

import structlog

from mutoscope import net
from mutoscope.errors import MediaError, MutoscopeError
from mutoscope.link import Link, backoff
from mutoscope.media.datauri import DOWNLOAD_LIMITS
from mutoscope.media.sandbox import Prober
from mutoscope.protocol import Check, Checked

logger = structlog.get_logger(__name__)

CLAIM_WAIT_S = 20.0
HASTY_S = 0.5
"""An empty answer sooner than this was no long poll."""
PROBE_S = 3.0


class Measurer(threading.Thread):
    """Asks for addresses to look at for as long as the process lives.

    link     of its own: the attempts' calls do not wait for it.
    folder   where a file lies while it is measured.
    """

    def __init__(self, link: Link, policy: net.Policy, folder: Path) -> None:
        super().__init__(name="measurer", daemon=True)
        self._link = link
        self._policy = policy
        self._folder = folder
        self._prober = Prober()

    def run(self) -> None:
        pauses = backoff(0.5, 30.0)
        while True:
            asked = time.monotonic()
            try:
                check = self._link.claim_check(wait_s=CLAIM_WAIT_S)
                if check is not None:
                    self._link.finish_check(check.check_id, self.look(check))
            except MutoscopeError as exc:  # the server is away, or nobody waits for the answer any more
                logger.debug("check.dropped", reason=exc.message)
                check = None
            if check or time.monotonic() - asked > HASTY_S:
                pauses = backoff(0.5, 30.0)
                continue
            time.sleep(next(pauses))

    def look(self, check: Check) -> Checked:
        """Fetch and measure one address."""
        limits = dataclasses.replace(
            self._policy,
            total_timeout_s=min(self._policy.total_timeout_s, check.time_limit_s),
            max_bytes=min(self._policy.max_bytes, DOWNLOAD_LIMITS[check.kind]),
        )
        try:
            with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as folder:
                target = Path(folder) / "file"
                net.download(check.url, target, limits)
                return Checked(media=dataclasses.asdict(self._prober.probe(target, PROBE_S)))
        except MediaError as exc:
            return Checked(error=exc.message, rule=exc.rule)
        except Exception:  # the boundary of a check: a defect of ours costs one answer, not the thread
            logger.exception("check.defect")
            return Checked(error="the worker failed: internal error", rule="defect")
