"""Every address the server answers: the API's table of contents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mutoscope.errors import NotFound
from mutoscope.server import (
    account,
    admin,
    audit,
    deployments,
    events,
    files,
    inputs,
    library,
    models,
    openapi,
    ops,
    quotes,
    requests,
    status,
    uploads,
    usage,
    webhooks,
    workers,
)
from mutoscope.server.dialects import runcomfy, runpod, serverless
from mutoscope.server.entrance import Entrance
from mutoscope.server.metrics import Metrics
from mutoscope.site import Site

Endpoint = Callable[[Request], Awaitable[Response]]
Table = tuple[tuple[str, str, Endpoint], ...]

# The order matters twice: addresses asked most come first, and `categories` before any model's own address, which
# is one route for all its methods at the place of the first.
TABLE: Table = (
    # RunComfy Model API
    ("GET", "/v1/requests/{request_id}/status", runcomfy.status),
    ("GET", "/v1/requests/{request_id}/result", runcomfy.result),
    ("GET", "/v1/models/categories", models.categories),
    ("POST", "/v1/models/{model_id:path}", runcomfy.submit),
    ("POST", "/v1/requests/{request_id}/cancel", runcomfy.cancel),
    ("GET", "/v1/models", models.index),
    ("GET", "/v1/models/{model_id:path}", models.show),
    ("GET", "/prod/v2/balance", usage.balance),
    # the same four calls where RunComfy's first command-line client looked for them
    ("POST", "/prod/v2/models/{model_id:path}", runcomfy.submit),
    ("GET", "/prod/v2/requests/{request_id}/status", runcomfy.status),
    ("GET", "/prod/v2/requests/{request_id}/result", runcomfy.result),
    ("POST", "/prod/v2/requests/{request_id}/cancel", runcomfy.cancel),
    # RunComfy's Serverless API
    ("GET", "/prod/v2/deployments", deployments.index),
    ("POST", "/prod/v2/deployments", deployments.create),
    ("GET", "/prod/v2/deployments/{deployment_id}", deployments.show),
    ("PATCH", "/prod/v2/deployments/{deployment_id}", deployments.change),
    ("DELETE", "/prod/v2/deployments/{deployment_id}", deployments.delete),
    ("GET", "/prod/v2/deployments/{deployment_id}/object_info.json", serverless.object_info),
    ("POST", "/prod/v2/deployments/{deployment_id}/inference", serverless.submit),
    ("GET", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/status", serverless.status),
    ("GET", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/result", serverless.result),
    ("POST", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/cancel", serverless.cancel),
    ("GET", "/prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path:path}", serverless.proxy),
    ("POST", "/prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path:path}", serverless.proxy),
    ("POST", "/prod/v1/deployments/{deployment_id}/inference", serverless.submit),
    ("GET", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/status", serverless.status),
    ("GET", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/result", serverless.result),
    ("POST", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/cancel", serverless.cancel),
    # our own extras
    ("POST", "/v1/quote/{model_id:path}", quotes.show),
    ("GET", "/v1/prices/{model_id:path}", quotes.prices),
    ("POST", "/v1/inputs/check", inputs.check),
    ("GET", "/v1/requests", requests.index),
    ("GET", "/v1/requests/{request_id}", requests.show),
    ("DELETE", "/v1/requests/{request_id}", requests.delete),
    ("GET", "/v1/requests/{request_id}/events", events.stream),
    ("GET", "/v1/events", events.stream_several),
    ("GET", "/v1/requests/{request_id}/poster", requests.poster),
    ("GET", "/v1/requests/{request_id}/previews/{attempt}/{preview_id}", requests.preview),
    ("POST", "/v1/files", files.upload),
    ("GET", "/v1/files", files.index),
    ("GET", "/v1/files.zip", library.archive),
    ("PUT", "/v1/files/{file_id}/favourite", library.favour),
    ("DELETE", "/v1/files/{file_id}/favourite", library.unfavour),
    ("GET", "/v1/files/{file_id}/{name}", files.fetch),
    ("GET", "/v1/files/{file_id}", files.show),
    ("DELETE", "/v1/files/{file_id}", files.delete),
    ("GET", "/v1/collections", library.collections),
    ("POST", "/v1/collections", library.create),
    ("GET", "/v1/collections/{collection_id}", library.show),
    ("PATCH", "/v1/collections/{collection_id}", library.rename),
    ("DELETE", "/v1/collections/{collection_id}", library.delete),
    ("GET", "/v1/collections/{collection_id}/files.zip", library.archive_of),
    ("PUT", "/v1/collections/{collection_id}/files/{file_id}", library.put),
    ("DELETE", "/v1/collections/{collection_id}/files/{file_id}", library.take),
    ("GET", "/v1/account", account.show),
    ("GET", "/v1/keys", account.keys),
    ("POST", "/v1/keys", account.create_key),
    ("GET", "/v1/keys/{key_id}", account.show_key),
    ("PATCH", "/v1/keys/{key_id}", account.change_key),
    ("DELETE", "/v1/keys/{key_id}", account.revoke_key),
    ("POST", "/v1/keys/{key_id}/rotate", account.rotate_key),
    ("GET", "/v1/audit", audit.index),
    ("GET", "/v1/audit/export.csv", audit.as_csv),
    # for the owner of the site
    ("GET", "/v1/admin/models", admin.models),
    ("PATCH", "/v1/admin/models/{model_id:path}", admin.change_model),
    ("GET", "/v1/admin/workers", admin.workers),
    ("POST", "/v1/admin/workers/{worker_id:path}/drain", admin.drain_worker),
    ("POST", "/v1/admin/workers/{worker_id:path}/resume", admin.resume_worker),
    ("GET", "/v1/admin/accounts", admin.accounts),
    ("POST", "/v1/admin/accounts", admin.open_account),
    ("GET", "/v1/admin/limits", admin.limits),
    ("PATCH", "/v1/admin/limits", admin.change_limits),
    ("GET", "/v1/usage", usage.index),
    ("GET", "/v1/usage/summary", usage.summary),
    ("GET", "/v1/usage/export.csv", usage.as_csv),
    ("GET", "/v1/usage/focus.csv", usage.as_focus),
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
    ("POST", "/worker/v1/requests/{request_id}/watch", workers.watch),
    ("POST", "/worker/v1/requests/{request_id}/remember", workers.remember),
    ("PUT", "/worker/v1/requests/{request_id}/files/{name}", workers.put_file),
    ("POST", "/worker/v1/requests/{request_id}/uploads", uploads.begin),
    ("POST", "/worker/v1/requests/{request_id}/uploads/{file_id}", uploads.end),
    ("POST", "/worker/v1/requests/{request_id}/finish", workers.finish),
    ("GET", "/worker/v1/files/{file_id}", workers.get_file),
    ("POST", "/worker/v1/checks/claim", workers.claim_check),
    ("POST", "/worker/v1/checks/{check_id}/finish", workers.finish_check),
    ("POST", "/worker/v1/withdrawals/claim", workers.claim_withdrawal),
    ("POST", "/worker/v1/withdrawals/{request_id}/finish", workers.finish_withdrawal),
    ("GET", "/worker/v1/queue", workers.queue),
    ("POST", "/worker/v1/lost", workers.lost),
    # RunPod's workers
    ("GET", "/worker/runpod/{endpoint}/job-take/{worker}", runpod.take),
    ("GET", "/worker/runpod/{endpoint}/job-take-batch/{worker}", runpod.take_batch),
    ("GET", "/worker/runpod/{endpoint}/job-stop/{worker}", runpod.stop),
    ("GET", "/worker/runpod/{endpoint}/ping/{worker}", runpod.ping),
    ("POST", "/worker/runpod/{endpoint}/job-done/{worker}/{job}", runpod.done),
    ("POST", "/worker/runpod/{endpoint}/job-stream/{worker}/{job}", runpod.stream),
    # operation
    ("GET", "/livez", ops.livez),
    ("GET", "/readyz", ops.readyz),
    ("GET", "/v1/status", status.show),
    ("GET", "/metrics", ops.metrics),
    ("GET", "/openapi.json", openapi.document),
    ("GET", "/", ops.index),
)


def table() -> tuple[tuple[str, str], ...]:
    """Method and path of every route, as the docs show them."""
    return tuple((method, path.replace(":path", "")) for method, path, _ in TABLE)


async def no_such_address(request: Request) -> Response:
    """What answers where nothing is. Raises NotFound."""
    del request
    raise NotFound("no such address; the list is at /openapi.json")


def application(
    site: Site,
    metrics: Metrics,
    *,
    pages: Table = (),
    missing: Endpoint = no_such_address,
    trusted_proxies: Sequence[str] = (),
) -> ASGIApp:
    """The whole HTTP side of a site.

    pages             more addresses; one that is in both tables is the page's.
    missing           answers for every address that is in neither.
    trusted_proxies   networks whose word on where a call came from is believed.
    """
    methods: dict[str, dict[str, Endpoint]] = {}
    for method, path, endpoint in (*TABLE, *pages):
        methods.setdefault(path, {})[method] = endpoint
    routes = [Route(path, _Address(path, endpoints), methods=list(endpoints)) for path, endpoints in methods.items()]
    router = Router(routes, default=_anywhere(missing), redirect_slashes=False)
    return Entrance(router, site, metrics, trusted_proxies=list(trusted_proxies))


class _Address:
    """One path and what answers each of its methods. A class, so that Starlette calls it without wrapping it."""

    def __init__(self, path: str, endpoints: Mapping[str, Endpoint]) -> None:
        self._path = path
        self._endpoints = {**endpoints, **({"HEAD": endpoints["GET"]} if "GET" in endpoints else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the endpoint and send its answer."""
        scope["mutoscope.route"] = self._path
        response = await self._endpoints[scope["method"]](Request(scope, receive, send))
        await response(scope, receive, send)


def _anywhere(endpoint: Endpoint) -> ASGIApp:
    """An endpoint that answers whatever the method is."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer
