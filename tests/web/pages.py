"""The pages asked in this process, for tests that read many of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mutoscope import app, equipment
from mutoscope import settings as knobs
from mutoscope.server import routes
from mutoscope.server.metrics import Metrics
from mutoscope.site import Site
from mutoscope.web.routes import in_all_languages, missing

HTML = {"Accept": "text/html"}
KEY = "mk_languages"


@dataclass
class Pages:
    """A site without workers, asked in this process. The reader has signed in."""

    site: Site
    asgi: Any
    runner: asyncio.Runner

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get(path, headers={"Authorization": f"Bearer {KEY}"} | HTML | headers)

        return self.runner.run(ask())


@contextmanager
def opened(data: Path, **settings: object) -> Iterator[Pages]:
    """The built-in models, every page in every language."""
    able, _ = equipment.engines()
    found = knobs.load({"data": data / "data", "api_key": KEY, "cache": data / "cache"} | settings, {})
    with asyncio.Runner() as runner:
        site, _ = runner.run(app.open_site(found, able))
        yield Pages(site, routes.application(site, Metrics(), pages=in_all_languages(), missing=missing), runner)
        site.prober.close()
        runner.run(site.store.db.close())
