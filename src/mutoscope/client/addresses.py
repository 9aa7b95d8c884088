"""URLs taken apart, and path segments that cannot lead elsewhere. Pure; `protocol` puts the two together."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote, urlsplit

from .errors import BadArgument


def request_path(request_id: str) -> str:
    """The path of one request. Raises BadArgument."""
    return f"/v1/requests/{quote(_segment('request_id', request_id), safe='')}"


def model_path(model_id: str) -> str:
    """The path of one model, whose id may hold slashes, dots and spaces. Raises BadArgument."""
    parts = (quote(_segment("model_id", part), safe="") for part in model_id.split("/"))
    return f"/v1/models/{'/'.join(parts)}"


def quote_path(model_id: str) -> str:
    """Where a request of this model is quoted. Raises BadArgument."""
    return model_path(model_id).replace("/v1/models/", "/v1/quote/", 1)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def is_loopback(url: str) -> bool:
    """Whether the address names this machine by itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def bare(url: str) -> str:
    """An address without the query, which may hold a signature."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _segment(name: str, text: str) -> str:
    if text in ("", ".", ".."):
        raise BadArgument(f"{name}: {text!r} is no part of an address")
    return text
