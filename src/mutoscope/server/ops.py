"""For those who operate a server: is it alive, is it ready, what does it count, what does it speak."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mutoscope.server.addresses import is_local
from mutoscope.server.auth import caller
from mutoscope.server.metrics import metrics_of
from mutoscope.server.wire import answer, site_of
from mutoscope.site import Site


async def livez(request: Request) -> Response:
    """GET /livez: the process answers."""
    del request
    return answer({"status": "ok"})


async def readyz(request: Request) -> Response:
    """GET /readyz: 200 when work is accepted and somebody does it; else 503 with the reasons."""
    site = site_of(request)
    reasons = await _not_ready(site)
    if reasons:
        return answer({"status": "not ready", "reasons": reasons}, 503, {"Retry-After": "1"})
    return answer({"status": "ok"})


async def _not_ready(site: Site) -> list[str]:
    reasons = []
    await site.store.now_ms()
    if site.health.draining:
        reasons.append("the server is stopping")
    if site.health.workers_expected and not site.health.workers_heard():
        reasons.append("workers are still loading models and compiling kernels")
    return reasons


async def metrics(request: Request) -> Response:
    """GET /metrics: Prometheus text; from this machine, or with a key."""
    if not is_local(request):
        await caller(request, "read", "admin")
    site = site_of(request)
    return PlainTextResponse(await metrics_of(request).text(site), media_type="text/plain; version=0.0.4")


async def index(request: Request) -> Response:
    """GET /: where things are."""
    del request
    return PlainTextResponse(
        "Mutoscope is running.\n\n"
        "GET  /v1/models            what can be run\n"
        "POST /v1/models/{id}       run it\n"
        "GET  /openapi.json         every address and schema\n"
        "GET  /readyz               is it ready\n"
    )
