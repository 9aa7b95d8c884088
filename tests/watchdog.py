"""What a run owes to whoever waits for it: a failure is told when it happens, and nothing hangs.

pytest-timeout interrupts a test once. What then waits without end (for a browser that is gone, for a process that
nobody ends) would hold its worker for ever, and the run with it. After a time of grace such a worker tells where it
stands and is ended; pytest-xdist reports the test as failed and goes on with another worker.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Generator

import pytest

GRACE_S = 60.0
TOLD_LINES = 30


class Watchdog:
    """Part of every process of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.stderr = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else 2  # pytest puts a file in its place

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give a test and its fixtures their time limit, and the time of grace."""
        marker = item.get_closest_marker("timeout")
        limit_s = float(marker.args[0] if marker else self.config.getini("timeout"))
        faulthandler.dump_traceback_later(limit_s + GRACE_S, file=self.stderr, exit=True)
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()


class Teller:
    """Part of the process that sums up."""

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A run that is cut short has said what it knew."""
        if report.failed:
            lines = report.longreprtext.splitlines()[-TOLD_LINES:]
            print(f"\n== {report.nodeid} failed ({report.when}, {report.duration:.0f} s)", *lines, sep="\n", flush=True)
