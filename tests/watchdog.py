"""What a run owes to whoever waits for it: a failure is told when it happens, and nothing hangs.

pytest-timeout interrupts a test once. What then waits without end (for a browser that is gone, for a process that
nobody ends) would hold its worker for ever, and the run with it. After a time of grace such a worker tells where it
stands, ends what it started and itself; pytest-xdist reports the test as failed and goes on with another worker.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

GRACE_S = 60.0
LAST_S = 15.0
TOLD_LINES = 30


class Watchdog:
    """Part of every process of a run."""

    def __init__(self, config: pytest.Config, grace_s: float = GRACE_S) -> None:
        self.config = config
        self.grace_s = grace_s
        self.stderr = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else 2  # pytest puts a file in its place

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give a test and its fixtures their time limit, and the time of grace."""
        marker = item.get_closest_marker("timeout")
        limit_s = float(marker.args[0] if marker else self.config.getini("timeout")) + self.grace_s
        end = threading.Timer(limit_s, self.end, (item.nodeid,))
        end.daemon = True
        end.start()
        faulthandler.dump_traceback_later(limit_s + LAST_S, file=self.stderr, exit=True)  # if no Python runs any more
        try:
            return (yield)
        finally:
            end.cancel()
            faulthandler.cancel_dump_traceback_later()

    def end(self, test: str) -> None:
        """Say where every thread stands, and end this process and all that it started."""
        os.write(self.stderr, f"\n== {test} hangs; its process is ended\n".encode())
        faulthandler.dump_traceback(self.stderr)
        for process in started_by(os.getpid()):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        os._exit(1)


def started_by(process: int) -> list[int]:
    """The ids of its children, of theirs, and so on; nothing where there is no /proc to read them in."""
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state parent ...; a name may hold anything
            parent = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has just ended
        children[int(parent)].append(int(stat.parent.name))
    found = [process]
    for one in found:
        found += children[one]
    return found[1:]


class Teller:
    """Part of the process that sums up."""

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A run that is cut short has said what it knew."""
        if report.failed:
            lines = report.longreprtext.splitlines()[-TOLD_LINES:]
            print(f"\n== {report.nodeid} failed ({report.when}, {report.duration:.0f} s)", *lines, sep="\n", flush=True)
