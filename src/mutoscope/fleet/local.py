"""Workers as child processes of the server: the default fleet.

Each worker has a keeper, a thread that starts it, waits for its end and starts it again after a pause. Workers
hold the read end of a pipe; when this process dies, however it dies, the pipe ends and the workers end with it.
A worker is named after this machine, the server's port and its place, so the operator's word on it (a drain) holds for
the process that takes its place, and for the next server here.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from mutoscope.engines.environment import SECRETS
from mutoscope.fleet.base import WorkerFacts, WorkerState
from mutoscope.link import backoff

logger = structlog.get_logger(__name__)

RESTART_FIRST_S, RESTART_MOST_S = 0.2, 10.0
SETTLED_AFTER_S = 30.0
"""A worker that lived this long was sound: the next pause is a short one again."""
KILL_AFTER_S = 5.0

STATES: Mapping[tuple[bool, bool], WorkerState] = {
    # (the fleet is ending, the process is there)
    (False, True): "running",
    (False, False): "waiting",
    (True, True): "draining",
    (True, False): "stopped",
}


class LocalFleet:
    """`count` workers on this machine.

    token         what the workers show to the server; handed over on their standard input, where nobody else looks.
    engines       names of the engines each worker runs.
    folder        where attempts keep their files while they run.
    environment   further variables, such as MUTOSCOPE_FETCH_ALLOW.
    withheld      variables of ours that are none of theirs.
    """

    def __init__(
        self,
        server_url: str,
        token: str,
        *,
        count: int,
        engines: Sequence[str],
        folder: Path | None = None,
        drain_s: float = 30.0,
        environment: Mapping[str, str] | None = None,
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        given = {
            "MUTOSCOPE_WORKER_SERVER": server_url,
            "MUTOSCOPE_WORKER_TOKEN_FD": "0",
            "MUTOSCOPE_WORKER_ENGINES": ",".join(engines),
            "MUTOSCOPE_WORKER_FOLDER": str(folder or ""),
            "MUTOSCOPE_WORKER_DRAIN_S": str(drain_s),
        }
        inherited = {name: value for name, value in os.environ.items() if name not in SECRETS | withheld}
        self._environment = {**inherited, **(environment or {}), **given}
        self._token = token
        self._name = f"{socket.gethostname()}-{urlsplit(server_url).port}"
        self._count = count
        self._keepers: tuple[_Keeper, ...] = ()
        self._alive_fd: int | None = None

    def start(self) -> None:
        parent_fd, self._alive_fd = os.pipe()
        self._parent_fd = parent_fd
        self._keepers = tuple(
            _Keeper(f"{self._name}-{n + 1}", self._environment, self._token, parent_fd) for n in range(self._count)
        )

    def drain(self, timeout_s: float) -> bool:
        for keeper in self._keepers:
            keeper.drain()
        deadline = time.monotonic() + timeout_s
        ended = [keeper.join(max(0.0, deadline - time.monotonic())) for keeper in self._keepers]
        return all(ended)

    def stop(self) -> None:
        if not self.drain(0.0) and not self.drain(KILL_AFTER_S):  # the second SIGTERM hands attempts back
            for keeper in self._keepers:
                keeper.kill()
            self.drain(KILL_AFTER_S)
        if self._alive_fd is not None:
            os.close(self._alive_fd)
            os.close(self._parent_fd)
            self._alive_fd = None

    def workers(self) -> tuple[WorkerFacts, ...]:
        return tuple(keeper.facts() for keeper in self._keepers)


class _Keeper:
    """Keeps one worker running, from a thread that mostly waits."""

    def __init__(self, worker_id: str, environment: Mapping[str, str], token: str, parent_fd: int) -> None:
        self._environment = environment
        self._token = token
        self._parent_fd = parent_fd
        self._lock = threading.Lock()  # between start and signal
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._worker_id = worker_id
        self._restarts = -1
        self._thread = threading.Thread(target=self._keep, name=f"keeper-{worker_id}", daemon=True)
        self._thread.start()

    def facts(self) -> WorkerFacts:
        process = self._process
        running = process is not None and process.poll() is None
        pid = process.pid if process and running else None
        state = STATES[self._ending.is_set(), running]
        return WorkerFacts(self._worker_id, pid, state, max(0, self._restarts))

    def drain(self) -> None:
        """Ask the worker to go; asked twice it goes at once."""
        with self._lock:
            self._ending.set()
            if self._process:
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()

    def kill(self) -> None:
        with self._lock:
            if self._process:
                self._process.kill()

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _keep(self) -> None:
        pauses = backoff(RESTART_FIRST_S, RESTART_MOST_S)
        while process := self._start():
            started = time.monotonic()
            code = process.wait()
            if self._ending.is_set():
                return
            if time.monotonic() - started > SETTLED_AFTER_S:
                pauses = backoff(RESTART_FIRST_S, RESTART_MOST_S)
            pause_s = next(pauses)
            logger.warning("worker.died", worker_id=self._worker_id, code=code, again_in_s=round(pause_s, 2))
            self._ending.wait(pause_s)

    def _start(self) -> subprocess.Popen[bytes] | None:
        """A new worker process, or None once the fleet is ending."""
        with self._lock:
            if self._ending.is_set():
                return None
            self._restarts += 1
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mutoscope.worker"],
                stdin=subprocess.PIPE,
                pass_fds=(self._parent_fd,),
                start_new_session=True,  # Ctrl-C in the terminal is for the server, which then drains
                env={
                    **self._environment,
                    "MUTOSCOPE_WORKER_ID": self._worker_id,
                    "MUTOSCOPE_WORKER_PARENT_FD": str(self._parent_fd),
                },
            )
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError), self._process.stdin as way:  # it died already
                way.write(self._token.encode())
            return self._process
