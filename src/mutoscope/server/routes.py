"""Every address the server answers: the API's table of contents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mutoscope.errors import MutoscopeError, NotFound
from mutoscope.server import account, events, files, models, openapi, ops, requests, webhooks, workers
from mutoscope.server.dialects import runcomfy
from mutoscope.server.metrics import Metrics
from mutoscope.server.problems import problem
from mutoscope.site import Site

log = structlog.get_logger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]

# The order matters twice: addresses asked most come first, and `categories` before any model's own address, which
# is one route for all its methods at the place of the first.
TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    # RunComfy Model API
    ("GET", "/v1/requests/{request_id}/status", runcomfy.status),
    ("GET", "/v1/requests/{request_id}/result", runcomfy.result),
    ("GET", "/v1/models/categories", models.categories),
    ("POST", "/v1/models/{model_id:path}", runcomfy.submit),
    ("POST", "/v1/requests/{request_id}/cancel", runcomfy.cancel),
    ("GET", "/v1/models", models.index),
    ("GET", "/v1/models/{model_id:path}", models.show),
    ("GET", "/prod/v2/balance", account.balance),
    # the same four calls where RunComfy's first command-line client looked for them
    ("POST", "/prod/v2/models/{model_id:path}", runcomfy.submit),
    ("GET", "/prod/v2/requests/{request_id}/status", runcomfy.status),
    ("GET", "/prod/v2/requests/{request_id}/result", runcomfy.result),
    ("POST", "/prod/v2/requests/{request_id}/cancel", runcomfy.cancel),
    # our own extras
    ("GET", "/v1/requests", requests.index),
    ("GET", "/v1/requests/{request_id}", requests.show),
    ("DELETE", "/v1/requests/{request_id}", requests.delete),
    ("GET", "/v1/requests/{request_id}/events", events.stream),
    ("GET", "/v1/requests/{request_id}/poster", requests.poster),
    ("POST", "/v1/files", files.upload),
    ("GET", "/v1/files", files.index),
    ("GET", "/v1/files/{file_id}/{name}", files.fetch),
    ("DELETE", "/v1/files/{file_id}", files.delete),
    ("GET", "/v1/keys", account.keys),
    ("POST", "/v1/keys", account.create_key),
    ("DELETE", "/v1/keys/{key_id}", account.revoke_key),
    ("GET", "/v1/usage", account.usage),
    # webhooks; `secret` and `deliveries` come before any endpoint's own address
    ("GET", "/v1/webhooks", webhooks.index),
    ("POST", "/v1/webhooks", webhooks.create),
    ("GET", "/v1/webhooks/secret", webhooks.account_secret),
    ("POST", "/v1/webhooks/secret/rotate", webhooks.rotate_account_secret),
    ("GET", "/v1/webhooks/deliveries", webhooks.deliveries),
    ("GET", "/v1/webhooks/deliveries/{delivery_id}", webhooks.show_delivery),
    ("POST", "/v1/webhooks/deliveries/{delivery_id}/replay", webhooks.replay),
    ("GET", "/v1/webhooks/{endpoint_id}", webhooks.show),
    ("PATCH", "/v1/webhooks/{endpoint_id}", webhooks.change),
    ("DELETE", "/v1/webhooks/{endpoint_id}", webhooks.delete),
    ("POST", "/v1/webhooks/{endpoint_id}/rotate", webhooks.rotate),
    ("POST", "/v1/webhooks/{endpoint_id}/test", webhooks.test),
    ("GET", "/.well-known/jwks.json", webhooks.jwks),
    # workers
    ("POST", "/worker/v1/claim", workers.claim),
    ("POST", "/worker/v1/requests/{request_id}/beat", workers.beat),
    ("PUT", "/worker/v1/requests/{request_id}/files/{name}", workers.put_file),
    ("POST", "/worker/v1/requests/{request_id}/finish", workers.finish),
    ("GET", "/worker/v1/files/{file_id}", workers.get_file),
    # operation
    ("GET", "/livez", ops.livez),
    ("GET", "/readyz", ops.readyz),
    ("GET", "/metrics", ops.metrics),
    ("GET", "/openapi.json", openapi.document),
    ("GET", "/", ops.index),
)


def table() -> tuple[tuple[str, str], ...]:
    """Method and path of every route, as the docs show them."""
    return tuple((method, path.replace(":path", "")) for method, path, _ in TABLE)


def application(site: Site) -> ASGIApp:
    """The whole HTTP side of a site."""
    methods: dict[str, dict[str, Endpoint]] = {}
    for method, path, endpoint in TABLE:
        methods.setdefault(path, {})[method] = endpoint
    routes = [Route(path, _Address(endpoints), methods=list(endpoints)) for path, endpoints in methods.items()]
    return _Entrance(Router(routes, default=_no_such_address, redirect_slashes=False), site)


class _Address:
    """One path and what answers each of its methods. A class, so that Starlette calls it without wrapping it."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = {**endpoints, **({"HEAD": endpoints["GET"]} if "GET" in endpoints else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the endpoint and send its answer."""
        response = await self._endpoints[scope["method"]](Request(scope, receive, send))
        await response(scope, receive, send)


async def _no_such_address(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    raise NotFound("no such address; the list is at /openapi.json")


class _Entrance:
    """Where every request comes in: it gets its site, its errors become answers, and what is answered is counted."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site
        self.metrics = Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            return
        scope["app"] = self
        scope["mutoscope.site"] = self.site
        scope["mutoscope.metrics"] = self.metrics
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self.metrics.answered(status)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            return  # it hung up in the middle of its body: nobody is left to answer
        except Exception as exc:  # the outermost place: nothing may reach the caller as a traceback
            response = problem(exc)
            if response.status_code >= 500:
                _log_failure(scope, response.status_code, exc)
            if status:
                raise  # too late to answer: the connection is cut
            await response(scope, receive, watch)


def _log_failure(scope: Scope, status: int, exc: Exception) -> None:
    told = {"method": scope["method"], "path": scope["path"], "status": status}
    if isinstance(exc, MutoscopeError):
        log.warning("http.failed", **told, reason=exc.message)
    else:
        log.error("http.defect", **told, exc_info=exc)
