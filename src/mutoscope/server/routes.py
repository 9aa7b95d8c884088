"""Every address the server answers: the API's table of contents."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mutoscope.errors import NotFound
from mutoscope.server import account, events, files, models, openapi, ops, requests, workers
from mutoscope.server.dialects import runcomfy
from mutoscope.server.metrics import Metrics
from mutoscope.server.problems import Problems
from mutoscope.site import Site

log = structlog.get_logger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]

# The order matters twice: addresses asked most come first, and `categories` before any model's own address.
TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    # RunComfy Model API
    ("GET", "/v1/requests/{request_id}/status", runcomfy.status),
    ("GET", "/v1/requests/{request_id}/result", runcomfy.result),
    ("POST", "/v1/models/{model_id:path}", runcomfy.submit),
    ("POST", "/v1/requests/{request_id}/cancel", runcomfy.cancel),
    ("GET", "/v1/models", models.index),
    ("GET", "/v1/models/categories", models.categories),
    ("GET", "/v1/models/{model_id:path}", models.show),
    ("GET", "/prod/v2/balance", account.balance),
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
    routes = [Route(path, _by_method(table), methods=list(table)) for path, table in methods.items()]
    router = Router(routes, default=_no_such_address, redirect_slashes=False)
    return _Observed(Problems(router), site)


def _by_method(table: Mapping[str, Endpoint]) -> Endpoint:
    if len(table) == 1:
        return next(iter(table.values()))

    async def choose(request: Request) -> Response:
        return await table["GET" if request.method == "HEAD" else request.method](request)

    return choose


async def _no_such_address(scope: Scope, receive: Receive, send: Send) -> None:
    del receive, send
    if scope["type"] == "http":
        raise NotFound("no such address; the list is at /openapi.json")


class _Observed:
    """Hands each request its site, counts the answers and logs what the server did wrong."""

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
        began = time.perf_counter()

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                code = message["status"]
                self.metrics.answers.labels(code).inc()
                if code >= 500:
                    took_ms = int((time.perf_counter() - began) * 1000)
                    log.warning("http.answered", path=scope["path"], status=code, took_ms=took_ms)
            await send(message)

        await self.app(scope, receive, watch)
