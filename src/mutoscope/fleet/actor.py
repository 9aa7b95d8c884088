"""A place on a Ray cluster: an actor that holds the resources of one worker, and runs the ordinary worker in them.

The worker is a process of its own, `python -m mutoscope.worker`, with the same claim loop, leases and drain as anywhere
else. It holds the read end of a pipe: when the actor is gone, however that came, the pipe ends and so does the worker.
An actor starts one worker, once. Nothing secret is told when an actor is made, for Ray keeps that; the token comes with
a call. Ray is not imported here: the class is made an actor by `cluster`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

from mutoscope import __version__, ability
from mutoscope.engines.environment import SECRETS

NEVER_STARTED = -1000
"""In place of an exit code: nobody had a worker started."""
START_S = 120.0
"""Whoever made the actor starts its worker within this time, or is gone."""


class Slot:
    """One worker, from the node's environment and what the fleet says.

    told            MUTOSCOPE_WORKER_* as the worker reads them, without the token.
    gpu_memory_gb   what its GPU must have.
    """

    def __init__(self, told: Mapping[str, str], gpu_memory_gb: float) -> None:
        self._told = told
        self._needs_gb = gpu_memory_gb
        self._process: Process | None = None
        self._is_started = False
        self._is_draining = False
        self._started = asyncio.Event()
        self._alive_fd = -1

    async def hello(self) -> dict[str, object]:
        """Where it is and what became of it so far."""
        facts = {"host": socket.gethostname(), "version": __version__}
        return {**facts, "is_started": self._is_started, "is_draining": self._is_draining}

    async def start(self, token: str) -> str:
        """Start the worker, unless that was done; empty, or why it cannot be."""
        if self._is_started or self._is_draining:
            return ""
        self._is_started = True
        has_gb = await asyncio.to_thread(ability.gpu_memory_gb)
        if has_gb < self._needs_gb:
            return f"the GPU of this node has {has_gb:g} GiB; the model needs {self._needs_gb:g} GiB"
        inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
        parent_fd, self._alive_fd = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "mutoscope.worker"),
                stdin=PIPE,
                pass_fds=(parent_fd,),
                start_new_session=True,  # what Ray sends to the actor's group is not for the worker
                env={
                    **inherited,
                    **self._told,
                    "MUTOSCOPE_WORKER_TOKEN_FD": "0",
                    "MUTOSCOPE_WORKER_PARENT_FD": str(parent_fd),
                    "MUTOSCOPE_WORKER_GPU_MEMORY_GB": str(has_gb),
                },
            )
        except OSError as exc:
            return f"the worker cannot be started: {exc.strerror}"
        finally:
            os.close(parent_fd)
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # it died already
            self._process.stdin.write(token.encode())
            await self._process.stdin.drain()
        self._process.stdin.close()
        self._started.set()
        self._go_if_asked()  # it may have been meanwhile
        return ""

    async def wait(self) -> int:
        """The worker's exit code, once it has ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._started.wait(), START_S)
        return NEVER_STARTED if self._process is None else await self._process.wait()

    async def drain(self) -> None:
        """Let the worker finish what it has, and go. Asked twice it is the same: a second signal would be urgent."""
        if not self._is_draining:
            self._is_draining = True
            self._started.set()
            self._go_if_asked()

    def _go_if_asked(self) -> None:
        if self._is_draining and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()


class Seat:
    """Of the driver of a fleet: whoever has it is the only one. It goes when the driver does."""

    async def hold(self) -> None:
        """For ever."""
        await asyncio.Event().wait()

    async def hello(self) -> None:
        """It is there."""
