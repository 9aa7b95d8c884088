"""Connections that end where the rules allow and when the time is up.

Names are resolved here and every address is checked before and after connecting, so that neither a redirect
nor a name that changes its mind between two lookups leads inside. Read next: `rules.py`.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import httpcore
import httpx

from mutoscope.errors import MediaError
from mutoscope.net.rules import Address, Policy, admit

T = TypeVar("T")


class Deadline:
    """The moment when a download must be over."""

    def __init__(self, total_s: float) -> None:
        self._total_s = total_s
        self._ends_at = time.monotonic() + total_s

    def left_s(self, at_most: float | None) -> float:
        """Seconds a single step may take. Raises MediaError when there are none."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise self.missed()
        return left if at_most is None else min(left, at_most)

    def missed(self) -> MediaError:
        return MediaError(f"not finished after {self._total_s:g} s", rule="timeout", retryable=True)


HEAD_BYTES = 256 * 1024
"""What the other side may say before its answer begins: its head, and any number of `100 Continue`."""


class Allowance:
    """Bytes that may still come from the other side, whatever they are for."""

    def __init__(self) -> None:
        self._left_bytes = HEAD_BYTES

    def for_body(self, max_bytes: int) -> None:
        """The head is there; a body may follow, with as much again for its framing: chunks of one byte are a trick."""
        self._left_bytes = 2 * max_bytes + HEAD_BYTES

    def spend(self, size_bytes: int) -> None:
        """Note what came. Raises MediaError when that is too much."""
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise MediaError("the answer is padded beyond what a file of an accepted size needs", rule="max_bytes")


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves the name itself, checks every address, connects to one of the checked ones."""

    def __init__(self, url: httpx.URL, policy: Policy, clock: Deadline) -> None:
        self._url, self._policy, self._clock = url, policy, clock
        self.allowance = Allowance()
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError()
        for address in self._admitted(_resolve(host, port, self._clock)):
            try:
                stream = self._plain.connect_tcp(
                    str(address), port, self._clock.left_s(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
                continue
            return self._verified(stream)
        raise failure

    def _admitted(self, addresses: tuple[Address, ...]) -> list[Address]:
        """Those that may be connected to; the others are never tried. Raises MediaError if none is left."""
        admitted: list[Address] = []
        refusal = MediaError(f"{self._url.host} has no address", rule="name")
        for address in addresses:
            try:
                admit(address, self._url, self._policy)
            except MediaError as exc:
                refusal = exc
            else:
                admitted.append(address)
        if not admitted:
            raise refusal
        return admitted

    def _verified(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        """Check once more where the connection really ended."""
        try:
            peer = ipaddress.ip_address(stream.get_extra_info("server_addr")[0])
            admit(peer, self._url, self._policy)
        except (OSError, MediaError):
            stream.close()
            raise
        return _MeasuredStream(stream, self._clock, self.allowance)


class _MeasuredStream(httpcore.NetworkStream):
    """A connection whose every step also ends at the deadline, and whose bytes are all counted: neither a trickle
    nor a flood of framing can hold it open."""

    def __init__(self, stream: httpcore.NetworkStream, clock: Deadline, allowance: Allowance) -> None:
        self._stream, self._clock, self._allowance = stream, clock, allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._timed(lambda left_s: self._stream.read(max_bytes, left_s), timeout)
        self._allowance.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._timed(lambda left_s: self._stream.write(buffer, left_s), timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._timed(lambda left_s: self._stream.start_tls(ssl_context, server_hostname, left_s), timeout)
        return _MeasuredStream(secured, self._clock, self._allowance)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _timed(self, step: Callable[[float], T], timeout: float | None) -> T:
        try:
            return step(self._clock.left_s(timeout))
        except httpcore.TimeoutException:
            self._clock.left_s(None)  # says so if it was the deadline
            raise


def _resolve(host: str, port: int, clock: Deadline) -> tuple[Address, ...]:
    """Every address of a name. The system's resolver cannot be interrupted, so a thread waits for it."""
    answer: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()
    threading.Thread(target=partial(_look_up, host, port, answer), name="resolve", daemon=True).start()
    try:
        found = answer.get(timeout=clock.left_s(None))
    except queue.Empty:
        raise clock.missed() from None
    if isinstance(found, Exception):
        again = isinstance(found, socket.gaierror) and found.errno == socket.EAI_AGAIN
        raise MediaError(f"the host name {host} cannot be resolved", rule="name", retryable=again) from found
    return tuple(dict.fromkeys(ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in found))


def _look_up(host: str, port: int, answer: queue.SimpleQueue[list[Any] | OSError | UnicodeError]) -> None:
    try:
        answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as exc:
        answer.put(exc)
