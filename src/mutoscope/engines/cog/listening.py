"""How far a prediction is: Cog has no address that tells, so it is asked to call us, on a port that is open meanwhile.

What comes is believed for progress alone; the result is what Cog answers to the call that began the prediction.
"""

from __future__ import annotations

import re
import secrets
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import orjson

from mutoscope.engines.cog.setup import Setup

HOOK_BYTES = 4 << 20
SILENT_S = 10.0
_PERCENT = re.compile(r"(\d{1,3})(?:\.\d+)?\s?%")


class Listener:
    """A port of ours for one prediction. `url` is "" when none could be opened: then nothing is heard.

    heard   gets the fraction that the log's last line with a percentage says, and the lines that are new.
    """

    def __init__(self, setup: Setup, heard: Callable[[float, list[str]], None]) -> None:
        self.url = ""
        self._heard = heard
        self._num_lines = 0
        self._path = f"/{secrets.token_urlsafe(24)}"
        self._lock = threading.Lock()
        try:
            host = setup.callback_host or _our_address(setup.origin)
            self._server: ThreadingHTTPServer | None = _Server(("" if setup.callback_host else host, 0), _Hook)
        except OSError:
            self._server = None
            return
        self._server.take = self._take  # type: ignore[attr-defined]  # what the handler calls
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_port}{self._path}"

    def __enter__(self) -> Listener:
        if self._server is not None:
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="hooks", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _take(self, path: str, body: bytes) -> bool:
        """One call. False: it is nobody's that we asked."""
        if not secrets.compare_digest(path.encode(), self._path.encode()):
            return False
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            return False
        if isinstance(told, dict):
            with self._lock:
                self._tell(str(told.get("logs") or ""))
        return True

    def _tell(self, logs: str) -> None:
        *lines, _ = logs.split("\n")
        fresh, self._num_lines = lines[self._num_lines :], max(self._num_lines, len(lines))
        self._heard(fraction_of(logs), fresh)


def fraction_of(logs: str) -> float:
    """0 … 1: the last percentage in a log."""
    found = _PERCENT.findall(logs[-4000:])
    return min(1.0, int(found[-1]) / 100) if found else 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever called badly is not listened to."""


class _Hook(BaseHTTPRequestHandler):
    timeout = SILENT_S

    def do_POST(self) -> None:
        """One call of Cog's."""
        length = self.headers.get("Content-Length", "")
        good = length.isascii() and length.isdigit() and int(length) <= HOOK_BYTES
        good = good and self.server.take(self.path, self.rfile.read(int(length)))  # type: ignore[attr-defined]  # above
        self.send_response(200 if good else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Not on standard error."""


def _our_address(origin: str) -> str:
    """From where this machine reaches a server: the server will find us there too. No packet is sent."""
    parts = urlsplit(origin)
    family, kind, protocol, _, address = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(address)
        return str(probe.getsockname()[0])
