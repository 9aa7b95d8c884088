"""A ComfyUI started from its folder, on loopback, and ended with us. One for each folder of this machine.

Workers share it: whoever holds the folder's lock has started it, the others find its port in the lock's file. When
that worker goes its ComfyUI goes too, and the next who needs one starts it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from mutoscope.engines.comfyui.client import Client
from mutoscope.errors import EngineError

START_S = 300.0
"""Custom nodes import much; a cold disk takes minutes."""
LOOK_EVERY_S = 0.2
LAST_BYTES = 2000
_DIES_WITH_US = (
    "import ctypes, os, sys\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(1, 9)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Folder:
    """The ComfyUI of one folder, from this process's side."""

    def __init__(self, path: Path, arguments: Sequence[str]) -> None:
        self._path = path
        self._arguments = tuple(arguments)
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None
        self._ending: threading.Timer | None = None
        self._busy = threading.Lock()

    def rest(self, keep_warm_s: float | None) -> None:
        """Nothing is to be done now: end it after so many seconds without work; None: keep it."""
        if keep_warm_s is not None and self._process is not None:
            self._ending = threading.Timer(keep_warm_s, self._end_if_idle)
            self._ending.daemon = True
            self._ending.start()

    def _end_if_idle(self) -> None:
        """Other workers of this machine may use it: with something in its queue it stays until the next rest."""
        with self._busy:
            port = self._port_of_others()
            if self._process is not None and not (port and _has_work(f"http://127.0.0.1:{port}")):
                self.close()

    def address(self, check: Callable[[], None]) -> str:
        """Where it listens, once it does; started if nobody has. check: raises when nobody wants it any more.

        Raises EngineError with its last words when it cannot be started.
        """
        if not (self._path / "main.py").is_file():
            raise EngineError(f"folder: {self._path} holds no main.py; a ComfyUI folder is accepted")
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        with self._busy:
            return self._waited_for(check)

    def _waited_for(self, check: Callable[[], None]) -> str:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            check()
            port = self._own_port() if self._is_ours() else self._port_of_others()
            if port and _answers(f"http://127.0.0.1:{port}"):
                return f"http://127.0.0.1:{port}"
            time.sleep(LOOK_EVERY_S)
        self.close()
        raise EngineError(f"ComfyUI did not answer within {START_S:g} s after its start", retryable=True)

    def close(self) -> None:
        """End it, if it is ours."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for file in (self._lock, self._printed):
            if file is not None:
                file.close()
        self._lock = self._printed = None

    def _is_ours(self) -> bool:
        """Whether we hold the lock, taking it if it is free."""
        if self._lock is None:
            lock = self._lock_file().open("a+")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _lock_file(self) -> Path:
        below = Path(tempfile.gettempdir()) / f"mutoscope-{os.getuid()}"
        below.mkdir(mode=0o700, exist_ok=True)
        digest = hashlib.sha256(repr((str(self._path.resolve()), self._arguments)).encode()).hexdigest()[:16]
        return below / f"comfyui-{digest}.port"

    def _port_of_others(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int(self._lock_file().read_text())
        return 0

    def _own_port(self) -> int:
        assert self._lock is not None
        if self._process is not None:
            if (code := self._process.poll()) is not None:
                self._process = None
                raise EngineError(f"ComfyUI ended ({code}): {self._last_words()}")
            return self._port_of_others()
        port = _free_port()
        self._lock.truncate(0)
        self._lock.write(str(port))
        self._lock.flush()
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        command = [_python(self._path), "main.py", "--listen", "127.0.0.1", "--port", str(port)]
        self._process = subprocess.Popen(  # noqa: S603 - the operator's own folder
            [sys.executable, "-c", _DIES_WITH_US, *command, "--disable-auto-launch", *self._arguments],
            cwd=self._path,
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
        )
        return port

    def _last_words(self) -> str:
        """The last line that it printed."""
        assert self._printed is not None
        self._printed.seek(max(0, self._printed.seek(0, os.SEEK_END) - LAST_BYTES))
        lines = [line for line in self._printed.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it printed nothing"


def _python(folder: Path) -> str:
    """The interpreter that its packages are installed for: a virtual environment inside it, else ours."""
    for inside in (".venv/bin/python", "venv/bin/python"):
        if (folder / inside).is_file():
            return str(folder / inside)
    return sys.executable


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(address: str) -> bool:
    return _queue_length(address) is not None


def _has_work(address: str) -> bool:
    return bool(_queue_length(address))


def _queue_length(address: str) -> int | None:
    """How much runs and waits there; None when nobody answers."""
    client = Client(address)
    try:
        return len(client.queue())
    except EngineError:
        return None
    finally:
        client.close()
