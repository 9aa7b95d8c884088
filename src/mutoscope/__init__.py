"""Mutoscope: your own generative-media cloud, on your own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mutoscope.client import AsyncClient, Client

__version__ = "0.1.0"
__all__ = ["AsyncClient", "Client", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the client when it is asked for: engines and workers do without it."""
    if name in ("AsyncClient", "Client"):
        from mutoscope import client  # noqa: PLC0415 - see above

        return getattr(client, name)
    raise AttributeError(f"module 'mutoscope' has no attribute {name!r}")
