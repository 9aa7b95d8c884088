"""Which addresses may be fetched: the rules, without any network.

An address is refused by its text where that is enough, and again by the IP address it is connected to. Read
next: `wire.py`, which asks `admit` for every connection.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import httpx

from mutoscope.errors import ConfigError, MediaError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARACTERS = 8192  # signed addresses run to about 2,000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be fetched, and how much of it.

    max_bytes          size of the body.
    allow              networks that may be reached although they are private, and by plain http on any port.
    trusted            origins such as `http://10.0.0.5:8000` that the operator named: wherever they are.
    connect_timeout_s  per address that a name resolves to.
    read_timeout_s     silence of the other side.
    total_timeout_s    everything together, from the name lookup to the last byte, redirects included.
    """

    max_bytes: int
    allow: tuple[Network, ...] = ()
    trusted: frozenset[str] = frozenset()
    max_redirects: int = 3
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 15.0
    total_timeout_s: float = 120.0


def check_url(url: str, policy: Policy) -> None:
    """Refuse an address whose text already breaks a rule, without any network. Raises MediaError."""
    parse(url, policy)


def origin_of(url: str) -> str:
    """The origin of an address that the operator wrote down. Raises ConfigError when it is none of http or https."""
    try:
        parsed = httpx.URL(url)
        if parsed.scheme in _DEFAULT_PORTS and parsed.host and not parsed.userinfo and not parsed.query:
            return origin(parsed)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        pass
    raise ConfigError(f"found {url!r}; an address such as https://video.example is accepted")


def parse_allow(text: str) -> tuple[Network, ...]:
    """Networks out of `127.0.0.0/8,10.0.0.0/8`. Raises ConfigError naming the part that is not one."""
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError as exc:
            raise ConfigError(f"{part!r} is not a network; accepted are forms such as 10.0.0.0/8") from exc
    return tuple(networks)


# --- the text of an address

_PORTS = {80, 443, 8080, 8443}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_NAME = re.compile(rb"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")  # no %, so neither zones nor hidden letters
MAX_NAME_CHARACTERS = 254


def parse(url: str, policy: Policy) -> httpx.URL:
    """The address, once its text breaks no rule. Raises MediaError."""
    if len(url) > MAX_URL_CHARACTERS:
        raise MediaError(f"an address of {len(url)} characters; at most {MAX_URL_CHARACTERS}", rule="url")
    if _UNSAFE.search(url):
        raise MediaError("the address holds spaces, control characters or backslashes", rule="url")
    try:
        parsed = httpx.URL(url)
        host = parsed.host  # reading it back from its ASCII form may fail, too
    except (httpx.InvalidURL, ValueError, UnicodeError) as exc:
        raise MediaError("the address cannot be read", rule="url") from exc
    if parsed.scheme in _DEFAULT_PORTS and origin(parsed) in policy.trusted and host:
        return parsed.copy_with(fragment=None)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and policy.allow):
        raise MediaError(f"found {_scheme(parsed)}; only https addresses are fetched", rule="scheme")
    if not host:
        raise MediaError("the address names no host", rule="url")
    if "@" in url.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]:
        raise MediaError("the address holds a user name or password; use a signed address instead", rule="userinfo")
    if _port(parsed) not in (range(1, 65_536) if policy.allow else _PORTS):
        raise _wrong_port(_port(parsed))
    if (literal := _literal(host)) is not None:
        admit(literal, parsed, policy)
    elif not _NAME.fullmatch(parsed.raw_host) or len(parsed.raw_host) > MAX_NAME_CHARACTERS:
        raise MediaError("the address names a host that cannot exist", rule="host")
    return parsed.copy_with(fragment=None)


def origin(url: httpx.URL) -> str:
    """Scheme, host and port, written in one way: `http://10.0.0.5:8000`, always with the port."""
    host = url.raw_host.decode("ascii")
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{_port(url)}"


def _scheme(url: httpx.URL) -> str:
    """The scheme, unless what stands there may be something else, such as a secret with a colon in it."""
    known = {"http", "file", "ftp", "gopher", "data", "blob", "ws", "wss", "s3", "gs", "about", "javascript"}
    return f"{url.scheme}:" if url.scheme in known else "an address without https"


def _port(url: httpx.URL) -> int:
    return _DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def _literal(host: str) -> Address | None:
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


# --- the address behind it

# Python's own is_global changes between patch versions and counts multicast, NAT64 and 6to4 as global, so the
# registries are spelled out: IANA special-purpose addresses, IPv4 and IPv6, as of 2025.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_GLOBAL_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # its sister for private use, 64:ff9b:1::/48, is no global unicast
_ISATAP = {0x00005EFE, 0x02005EFE}  # bits 32 to 63 of an address that tunnels to the IPv4 address behind them


def is_public(ip: Address) -> bool:
    """Whether this is a global unicast address, and so is every IPv4 address hidden inside it."""
    hidden = _hidden(ip)
    if hidden:
        return all(map(is_public, hidden))
    if ip.version == 6 and (ip not in _GLOBAL_UNICAST_6 or int(ip) >> 32 & 0xFFFFFFFF in _ISATAP):
        return False
    return not any(ip in network for network in _NOT_PUBLIC)


def _hidden(ip: Address) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that a packet to this one ends up at."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ()
    if ip.ipv4_mapped is not None:
        return (ip.ipv4_mapped,)
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    if ip.teredo is not None:
        return ip.teredo
    if ip in _NAT64:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    return ()


def _is_allowed(ip: Address, policy: Policy) -> bool:
    if any(ip in network for network in policy.allow):
        return True
    hidden = _hidden(ip)
    return bool(hidden) and all(_is_allowed(inner, policy) for inner in hidden)


def admit(ip: Address, url: httpx.URL, policy: Policy) -> None:
    """Refuse an address that must not be connected to for this URL."""
    if _is_allowed(ip, policy) or origin(url) in policy.trusted:
        return
    if not is_public(ip):
        raise MediaError(f"{url.host} is not a public address", rule="address")
    if url.scheme != "https":
        raise MediaError("found http:; only https addresses are fetched", rule="scheme")
    if _port(url) not in _PORTS:
        raise _wrong_port(_port(url))


def _wrong_port(port: int) -> MediaError:
    return MediaError(f"found port {port}; accepted are {', '.join(map(str, sorted(_PORTS)))}", rule="port")
