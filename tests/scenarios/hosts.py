"""Network namespaces as hosts: each with an address of its own, a cable to this machine, and nothing else."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Host:
    """One namespace.

    here   this machine's address for all of them; nobody else has a way to it.
    """

    name: str
    cable: str
    here: str

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
def hosts(count: int) -> Iterator[list[Host]]:
    """So many, until the end of the block; whatever still runs there is the caller's to end."""
    with contextlib.ExitStack() as stack:
        found = []
        here = f"10.{64 + os.getpid() % 128}.255.1"
        _ip("address", "add", f"{here}/32", "dev", "lo")
        stack.callback(_gone, "address", "delete", f"{here}/32", "dev", "lo")
        for _ in range(count):
            number = next(_NUMBERS)
            tag = f"{os.getpid() % 10000}{number % 100:02}"
            net = f"10.{64 + os.getpid() % 128}.{number % 250}"
            host = Host(f"mutoscope-{tag}", f"muto{tag}", here)
            _ip("netns", "add", host.name)
            stack.callback(_gone, "netns", "delete", host.name)
            _ip("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.name)
            stack.callback(_gone, "link", "delete", host.cable)
            _ip("address", "add", f"{net}.1/24", "dev", host.cable)
            _ip("-n", host.name, "address", "add", f"{net}.2/24", "dev", "eth0")
            _ip("-n", host.name, "link", "set", "lo", "up")
            _ip("-n", host.name, "link", "set", "eth0", "up")
            host.mend()
            _ip("-n", host.name, "route", "add", f"{here}/32", "via", f"{net}.1")
            found.append(host)
        yield found


def _gone(*words: str) -> None:
    subprocess.run(["ip", *words], check=False, capture_output=True, timeout=20)
