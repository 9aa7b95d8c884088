"""What `mutoscope doctor` says of each thing it looked at, on this machine or at a running server."""

from __future__ import annotations

from dataclasses import dataclass

LOW_DISK_BYTES = 5 * 10**9
"""Below this `serve` warns as well: a few hundred results fill it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. remedy: what to install or do when it is missing."""

    name: str
    found: str
    is_ok: bool
    is_required: bool = True
    remedy: str = ""

    @property
    def verdict(self) -> str:
        return "ok" if self.is_ok else "missing" if self.is_required else "optional"
