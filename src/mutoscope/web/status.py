"""How the server is doing, as a page: the same as `GET /v1/status`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.server.status import status
from mutoscope.server.wire import site_of
from mutoscope.web.render import page, render


@page
async def show(request: Request) -> Response:
    """GET /status: every part of the server, and how requests ended in the last 24 hours."""
    told = await status(site_of(request))
    most = max((hour["completed"] + hour["failed"] for hour in told["requests"]["hours"]), default=0)
    return await render(request, "status.html", told=told, most=most)
