"""The processes of a chaos run: servers and workers as anybody starts them, and what can be done to them.

Only processes started here are signalled, and the children that /proc shows below them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

READY_S = 60.0
_ENGINE = b"mutoscope.engines.child"


@dataclass
class Actor:
    """One process that is started again whenever it was killed.

    command   its arguments after `python -m mutoscope`.
    log       where its lines go; every life appends.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    earlier: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start it; a former life may still be there, stopped."""
        if self.process is not None:
            self.earlier.append(self.process)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mutoscope", *self.command],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id of its present life."""
        assert self.process is not None
        return self.process.pid

    def send(self, number: int) -> None:
        """Signal it; one that has gone does not mind."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, as a power cut would, and wait for its end."""
        assert self.process is not None
        self.send(signal.SIGKILL)
        await asyncio.to_thread(self.process.wait)

    async def end(self, grace_s: float) -> None:
        """SIGTERM to every life that is left, SIGKILL when that does not help."""
        lives = [life for life in (*self.earlier, self.process) if life is not None and life.poll() is None]
        for life in lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(life.pid, signal.SIGCONT)
                life.terminate()
        for life in lives:
            try:
                await asyncio.to_thread(life.wait, grace_s)
            except subprocess.TimeoutExpired:
                life.kill()
                await asyncio.to_thread(life.wait)


class Worker(Actor):
    """`mutoscope worker`."""

    def engines(self) -> list[int]:
        """Process ids of its engine children, where the platform tells; nowhere else."""
        found = []
        for text in _words(Path(f"/proc/{self.pid}/task/{self.pid}/children")):
            with contextlib.suppress(OSError):
                if _ENGINE in Path(f"/proc/{text}/cmdline").read_bytes().replace(b"\0", b" "):
                    found.append(int(text))
        return found

    def holds(self) -> tuple[str, int] | None:
        """(request, attempt) this life has begun and not ended, by its own log."""
        open_attempt = None
        for line in self.log.read_bytes().splitlines():
            if b'"attempt.' not in line:
                continue
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                begun = told.get("event") == "attempt.started"
                open_attempt = (told["request_id"], told["attempt"]) if begun else None
        return open_attempt


class Server(Actor):
    """`mutoscope serve` without workers of its own, always on the same port."""

    url: str = ""
    is_up: bool = False
    """Has this life answered?"""

    def start(self) -> None:
        """Start it; `ready` waits for it."""
        self.is_up = False
        super().start()

    async def ready(self) -> None:
        """Until it answers; one that gave up meanwhile is started again, as an init system would.

        Raises RuntimeError with the end of its log when it does not come.
        """
        deadline = time.monotonic() + READY_S
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(self.url + "/livez")).status_code == 200:
                        self.is_up = True
                        return
                if self.process is not None and self.process.poll() is not None:
                    self.start()
                await asyncio.sleep(0.1)
        raise RuntimeError(f"{self.name} does not answer:\n{self.log.read_text()[-2000:]}")


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
