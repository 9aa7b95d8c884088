"""Where every request comes in and every answer goes out.

A request gets its site and the address it came from; an error becomes an answer; what is answered gets the headers
that keep browsers careful, is counted, and at level debug is logged, by its route and never by its query.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from mutoscope.errors import MutoscopeError
from mutoscope.server.metrics import Metrics
from mutoscope.server.problems import problem
from mutoscope.site import Site

log = structlog.get_logger(__name__)

CAREFUL = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
"""On every answer that does not say otherwise: nothing here is a page, and no address of ours, which may be signed,
is told to others."""
CAREFUL_NAMES = frozenset(name for name, _ in CAREFUL)
STAY_ENCRYPTED = (b"strict-transport-security", b"max-age=31536000")
KEEP_NOTHING = (b"cache-control", b"no-store")


class Entrance:
    """The outermost application.

    trusted_proxies   networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; none when empty.
    """

    def __init__(self, app: ASGIApp, site: Site, metrics: Metrics, *, trusted_proxies: list[str]) -> None:
        # uvicorn's types differ from Starlette's in name only
        self.app: Any = ProxyHeadersMiddleware(app, trusted_proxies) if trusted_proxies else app  # type: ignore[arg-type]
        self.site = site
        self.metrics = metrics
        self._tells = structlog.get_logger(__name__).is_enabled_for(logging.DEBUG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            return
        scope["app"] = self
        scope["mutoscope.site"] = self.site
        scope["mutoscope.metrics"] = self.metrics
        scope["mutoscope.peer"] = scope.get("client")
        began = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self.metrics.answered(status)
                _be_careful(scope, message)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            return  # it hung up in the middle of its body: nobody is left to answer
        except Exception as exc:  # the outermost place: nothing may reach the caller as a traceback
            response = problem(exc)
            self.metrics.refused(exc)
            if response.status_code >= 500:
                _log_failure(scope, response.status_code, exc)
            if status:
                raise  # too late to answer: the connection is cut
            await response(scope, receive, watch)
        finally:
            if self._tells:
                took_s = round(time.perf_counter() - began, 4)
                log.debug("http.answered", **_about(scope), status=status, seconds=took_s)


def _be_careful(scope: Scope, message: Message) -> None:
    headers = list(message["headers"])
    said = {name for name, _ in headers}
    headers += CAREFUL if said.isdisjoint(CAREFUL_NAMES) else [header for header in CAREFUL if header[0] not in said]
    if scope["scheme"] == "https" and STAY_ENCRYPTED[0] not in said:
        headers.append(STAY_ENCRYPTED)
    if KEEP_NOTHING[0] not in said and b"authorization" in [name for name, _ in scope["headers"]]:
        headers.append(KEEP_NOTHING)
    message["headers"] = headers


def _about(scope: Scope) -> dict[str, Any]:
    """What a log may tell of a call: its route with the ids that are no secrets."""
    ids = scope.get("path_params") or {}
    told = {"method": scope["method"], "route": scope.get("mutoscope.route", "")}
    return told | {name: ids[name] for name in ("request_id", "model_id") if name in ids}


def _log_failure(scope: Scope, status: int, exc: Exception) -> None:
    if isinstance(exc, MutoscopeError):
        log.warning("http.failed", **_about(scope), status=status, reason=exc.message)
    else:
        log.error("http.defect", **_about(scope), status=status, exc_info=exc)
