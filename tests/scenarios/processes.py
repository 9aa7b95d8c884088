"""Processes as /proc shows them: who descends from whom, and who is still there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

HAS_PROC = Path("/proc/self/stat").exists()


@dataclass(frozen=True)
class Process:
    """A process; its start time tells it from a later one with the same number."""

    pid: int
    parent: int
    started: int
    command: str

    @property
    def is_running(self) -> bool:
        """Is it there, and not just waiting to be buried?"""
        return _read(self.pid) == self


def descendants(pid: int) -> list[Process]:
    """Children, grandchildren and so on, nearest first."""
    everybody = [
        found for entry in Path("/proc").iterdir() if entry.name.isdigit() and (found := _read(int(entry.name)))
    ]
    family: list[Process] = []
    parents = {pid}
    while born := [process for process in everybody if process.parent in parents and process not in family]:
        family += born
        parents = {process.pid for process in born}
    return family


def wait_until_gone(family: list[Process], timeout_s: float) -> list[Process]:
    """Who is still there when the time is over; nobody, it is hoped."""
    deadline = time.monotonic() + timeout_s
    while (left := [process for process in family if process.is_running]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _read(pid: int) -> Process | None:
    folder = Path("/proc") / str(pid)
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[19]), command)
