"""Calls to one Cog server, through `net`, and its process where we started it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from mutoscope import net
from mutoscope.engines.cog.setup import Setup
from mutoscope.errors import EngineError, MediaError

LOOK_S = 5.0
RUN_S = 7 * 86400.0
"""A prediction is answered when it is over; the worker's own clock ends one that takes too long."""
OUTPUT_S = 900.0
ANSWER_BYTES = 1 << 30
"""An answer carries its files as data URIs, unless the server was started with `--upload-url`."""
OUTPUT_BYTES = 4 << 30
LAST_BYTES = 2000
_DIES_WITH_US = (
    "import ctypes, os, sys\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(1, 9)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class Away(EngineError):
    """Nobody answers. broken: the connection was there first, so something may have been begun."""

    def __init__(self, message: str, *, broken: bool) -> None:
        super().__init__(message, retryable=True, declined=not broken)


class Server:
    """The Cog server of a manifest."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None

    def status(self) -> tuple[str, str]:
        """`STARTING`, `READY`, `BUSY`, `SETUP_FAILED`, … and the last line of its setup; `AWAY` when nobody answers."""
        try:
            _, told = self.call("GET", "/health-check")
        except Away:
            return "AWAY", ""
        setup = told.get("setup")
        lines = str(setup.get("logs") or "").split("\n") if isinstance(setup, dict) else []
        return str(told.get("status")), next((line for line in reversed(lines) if line.strip()), "")

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, limit_s: float = LOOK_S
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer. Raises Away."""
        policy = net.Policy(
            max_bytes=ANSWER_BYTES,
            trusted=frozenset({self._setup.origin}),
            connect_timeout_s=LOOK_S,
            read_timeout_s=limit_s,
            total_timeout_s=limit_s,
        )
        content = None if method == "GET" else orjson.dumps(body or {})
        try:
            answer = net.ask(
                method, self._setup.url + path, policy, headers={"Content-Type": "application/json"}, content=content
            )
        except MediaError as exc:
            raise Away(f"Cog: {exc.message}", broken=exc.rule not in ("connect", "name")) from exc
        with contextlib.suppress(orjson.JSONDecodeError):
            told = orjson.loads(answer.body)
            if isinstance(told, dict):
                return answer.status, told
        return answer.status, {}

    def download(self, address: str, target: Path) -> None:
        """A file that the server put somewhere. Raises MediaError by the rules of `net`."""
        allow = net.parse_allow(os.environ.get("MUTOSCOPE_FETCH_ALLOW", ""))
        trusted = frozenset({self._setup.origin})
        policy = net.Policy(max_bytes=OUTPUT_BYTES, allow=allow, trusted=trusted, total_timeout_s=OUTPUT_S)
        net.download(address, target, policy)

    # -- its process

    def start(self) -> None:
        """Start it, unless it runs. Raises EngineError with its last words when it ended."""
        if self._process is not None:
            if (code := self._process.poll()) is not None:
                words = self._last_words()
                self.close()
                raise EngineError(f"Cog ended ({code}): {words}", declined=True)
            return
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - the operator's own command
            [sys.executable, "-c", _DIES_WITH_US, *self._setup.command],
            cwd=self._setup.folder,
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
        )

    def close(self) -> None:
        """End it, if we started it."""
        if self._process is not None:
            with contextlib.suppress(EngineError):
                self.call("POST", "/shutdown")
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_S)
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._printed is not None:
            self._printed.close()
            self._printed = None

    def _last_words(self) -> str:
        assert self._printed is not None
        self._printed.seek(max(0, self._printed.seek(0, os.SEEK_END) - LAST_BYTES))
        lines = [line for line in self._printed.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it printed nothing"
