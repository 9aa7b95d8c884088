"""Where a call came from, and whether that lies in a network."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable

from starlette.requests import Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})


@functools.lru_cache(maxsize=1024)
def parse_network(text: str) -> Network:
    """`10.0.0.0/8`, `2001:db8::/32` or a single address. Raises ValueError, also when host bits are set."""
    return ipaddress.ip_network(text)


def came_from(request: Request) -> Address | None:
    """The caller's address; None when it is only what an unknown proxy says, or no address at all."""
    client = request.scope.get("client")
    if client is None or (_is_forwarded(request) and client == request.scope["mutoscope.peer"]):
        return None
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_within(address: Address | None, networks: Iterable[str]) -> bool:
    """Does the address lie in one of these networks?"""
    return address is not None and any(address in parse_network(network) for network in networks)


def is_local(request: Request) -> bool:
    """Does a program of this machine call, by a name of this machine?

    The name keeps out pages of strangers whose own name leads here (DNS rebinding).
    """
    address = came_from(request)
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return address is not None and address.is_loopback and name.lower() in _HERE


def _is_forwarded(request: Request) -> bool:
    return any(name in request.headers for name in ("x-forwarded-for", "forwarded"))
