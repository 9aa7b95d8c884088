"""The server a command speaks to: the one at MUTOSCOPE_URL, or a private one started for a single `run`."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import click
import httpx

from mutoscope import settings
from mutoscope.cli import exits, output
from mutoscope.client import Client, ConnectionFailed, Retry, UnexpectedAnswer, credentials
from mutoscope.client.addresses import is_loopback

Command = TypeVar("Command", bound=Callable[..., Any])

PATIENCE = Retry(attempts=3, base_s=0.25, cap_s=2.0, total_s=30.0)
"""A person at a terminal would rather read that the server is away than wait for it."""

KNOCK_TIMEOUT_S = 2.0
READY_LIMIT_S = 600.0
"""The first start compiles kernels and unpacks weights, which takes minutes on a slow machine."""

STOP_GRACE_S = 10.0

SERVE = (sys.executable, "-m", "mutoscope", "serve")


def url_option(command: Command) -> Command:
    """The option that names the server."""
    return click.option(
        "--url", metavar="URL", help="Server address; MUTOSCOPE_URL or http://127.0.0.1:8000 when not given."
    )(command)


def connect(url: str | None) -> Client:
    """A client for the server; the key comes from MUTOSCOPE_API_KEY or the credentials file."""
    return Client(url, retry=PATIENCE)


@contextlib.contextmanager
def connect_or_start(url: str | None, *, may_start: bool) -> Iterator[Client]:
    """A client for the server, or, when none answers on this machine, for a private one that ends with the block."""
    with connect(url) as client:
        if answers(client.base_url):
            yield client
            return
    if not is_loopback(client.base_url) or not may_start:
        raise ConnectionFailed(client.base_url, "nobody answers", refused=True)
    output.say(f"No server at {client.base_url}; starting a private one.")
    with private_server(settings.load().data) as (own_url, api_key):
        if api_key and not client.has_key:
            credentials.keep(credentials.DEFAULT_URL, api_key)  # told this once; later servers know it too
        # a process of our own on our own data folder: its key is the one kept for this machine's server
        with Client(own_url, api_key or os.environ.get("MUTOSCOPE_API_KEY") or _kept_here()) as own:
            yield own


def _kept_here() -> str | None:
    url, api_key = credentials.stored()
    return api_key if url and is_loopback(url) else None


def answers(url: str) -> bool:
    """Whether anything speaks HTTP there."""
    try:
        httpx.get(f"{url}/livez", timeout=KNOCK_TIMEOUT_S, trust_env=not is_loopback(url))
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return True


@contextlib.contextmanager
def private_server(data: Path) -> Iterator[tuple[str, str | None]]:
    """A server of our own on a free port; gives (address, key) once it is ready.

    It writes one JSON line {"url", "api_key"} to the descriptor given as --ready-fd; the key is null when the data
    folder has one from before, which is then where the client looks for it. Our end of its standard input
    stays open as long as we live, so that it can tell when we were killed.
    """
    with tempfile.TemporaryFile() as log:
        ready, tell = os.pipe()
        try:
            options = (
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--data",
                str(data),
                "--ready-fd",
                str(tell),
                "--stop-with-stdin",
            )
            process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [*SERVE, *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[tell],
                start_new_session=True,  # Ctrl-C is ours; we cancel first and stop the server then
            )
        finally:
            os.close(tell)
        try:
            yield _wait_until_ready(ready, log)
        finally:
            os.close(ready)
            _stop(process)


def _wait_until_ready(ready: int, log: IO[bytes]) -> tuple[str, str | None]:
    line = b""
    ends = time.monotonic() + READY_LIMIT_S
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([ready], [], [], max(0.0, ends - time.monotonic()))
        chunk = os.read(ready, 65536) if readable else b""
        if not chunk:
            log.seek(0)
            for text in log.read().decode(errors="replace").splitlines()[-15:]:
                output.say(f"  {text}")
            output.say("Error: the private server did not start; `mutoscope serve` shows why.")
            raise click.exceptions.Exit(exits.UNAVAILABLE)
        line += chunk
    try:
        found = json.loads(line)
        return str(found["url"]), found["api_key"]
    except (ValueError, KeyError, TypeError) as exc:
        raise UnexpectedAnswer("private server: its ready line is not {url, api_key}") from exc


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it."""
    process.terminate()
    try:
        process.wait(STOP_GRACE_S)
    except BaseException:  # another Ctrl-C means now
        process.kill()
        process.wait()
        if not isinstance(sys.exc_info()[1], subprocess.TimeoutExpired):
            raise
    finally:
        if process.stdin:
            process.stdin.close()
