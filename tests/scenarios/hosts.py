"""Network namespaces as hosts: each with an address of its own, a cable to this machine, and nothing else."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from tests import network

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Host:
    """One namespace.

    gateway   this machine's address, as the host sees it.
    address   its own.
    """

    name: str
    cable: str
    gateway: str
    address: str

    def command(self, *words: str) -> list[str]:
        """The command, run there."""
        return ["ip", "netns", "exec", self.name, *words]

    def cut(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        """As before."""
        _ip("link", "set", self.cable, "up")


def _ip(*words: str) -> None:
    with network.changing():
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=20)


def why_not() -> str:
    """Why this machine gives no hosts; empty where it does."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and iproute2 (Debian: apt install iproute2)"
    try:
        with hosts(1):
            return ""
    except (OSError, subprocess.SubprocessError):
        return "this machine permits no network namespaces"


@contextlib.contextmanager
def hosts(count: int, *, joined: bool = False) -> Iterator[list[Host]]:
    """So many, until the end of the block; whatever still runs there is the caller's to end.

    joined   they reach each other, too: their cables end in one switch.
    """
    with contextlib.ExitStack() as stack:
        switch = _switch(stack) if joined else None
        yield [_host(stack, switch, place=2 + number) for number in range(count)]


def _numbered() -> tuple[str, str]:
    """A tag for names, and a network that nobody else here has."""
    number = next(_NUMBERS)
    return f"{os.getpid() % 10000}{number % 100:02}", f"10.{64 + os.getpid() % 128}.{number % 250}"


def _switch(stack: contextlib.ExitStack) -> tuple[str, str]:
    """Its name and its network; this machine is on it."""
    tag, net = _numbered()
    name = f"mutos{tag}"
    _ip("link", "add", name, "type", "bridge")
    stack.callback(_gone, "link", "delete", name)
    _ip("address", "add", f"{net}.1/24", "dev", name)
    _ip("link", "set", name, "up")
    return name, net


def _host(stack: contextlib.ExitStack, switch: tuple[str, str] | None, *, place: int) -> Host:
    tag, net = _numbered()
    cable = f"muto{tag}"
    if switch is not None:
        net = switch[1]
    host = Host(f"mutoscope-{tag}", cable, f"{net}.1", f"{net}.{place}")
    _ip("netns", "add", host.name)
    stack.callback(_gone, "netns", "delete", host.name)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", host.name)
    stack.callback(_gone, "link", "delete", cable)
    if switch is not None:
        _ip("link", "set", cable, "master", switch[0])
    else:
        _ip("address", "add", f"{net}.1/24", "dev", cable)
    _ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", "eth0")
    _ip("-n", host.name, "link", "set", "lo", "up")
    _ip("-n", host.name, "link", "set", "eth0", "up")
    host.mend()
    return host


def _gone(*words: str) -> None:
    with network.changing():
        subprocess.run(["ip", *words], check=False, capture_output=True, timeout=20)
