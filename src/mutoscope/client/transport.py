"""httpx as both drivers use it: how a step becomes a request, and what its errors mean.

Follow `sync` or `aio` for the two loops that perform the steps.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx

from .addresses import bare
from .credentials import Credentials
from .errors import ConnectionFailed
from .steps import Open, Opened

Chunks = TypeVar("Chunks")

CONNECT_TIMEOUT_S = 10.0
USER_AGENT = "mutoscope-client"


@dataclass(slots=True)
class Stream(Generic[Chunks]):
    """A body being read: the answer and the iterator of its bytes."""

    response: httpx.Response
    chunks: Chunks


def settings(credentials: Credentials) -> dict[str, Any]:
    """Arguments for the httpx client. Proxies are for other machines, not for this one."""
    trust_env = not credentials.is_loopback
    return {"trust_env": trust_env, "verify": _trust(trust_env), "headers": {"User-Agent": USER_AGENT}}


@functools.cache
def _trust(trust_env: bool) -> ssl.SSLContext:
    """Who may vouch for a server, as httpx has it; read once, for it takes 20 ms."""
    return httpx.create_ssl_context(trust_env=trust_env)


def arguments(step: Open, timeout_s: float) -> dict[str, Any]:
    """Arguments for `build_request`. An empty `params` would strip the query of the URL."""
    silence_s = step.timeout_s or timeout_s
    part = step.file
    return {
        "method": step.method,
        "url": step.url,
        "params": dict(step.params) or None,
        "headers": dict(step.headers),
        "content": step.content,
        "files": {"file": (part.name, part.content, part.media_type)} if part else None,
        "timeout": httpx.Timeout(silence_s, connect=min(CONNECT_TIMEOUT_S, silence_s)),
    }


def opened(response: httpx.Response, chunks: Chunks) -> Opened:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Opened(response.status_code, headers, Stream(response, chunks))


@contextmanager
def translated(url: str) -> Iterator[None]:
    """httpx's errors as ours."""
    try:
        yield
    except httpx.TimeoutException as exc:
        refused = isinstance(exc, httpx.ConnectTimeout)
        raise ConnectionFailed(bare(url), "no answer in time", timed_out=True, refused=refused) from exc
    except httpx.ConnectError as exc:
        raise ConnectionFailed(bare(url), f"cannot connect ({exc})", refused=True) from exc
    except httpx.RequestError as exc:
        reason = str(exc) or type(exc).__name__
        raise ConnectionFailed(bare(url), f"the connection broke ({reason})") from exc
    except httpx.InvalidURL as exc:
        raise ConnectionFailed(bare(url), "not an address") from exc
