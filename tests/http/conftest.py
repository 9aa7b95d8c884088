"""A second server, with models of a studio's own: the reference model's rules on the test card, and a price."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import LiveServer, start_server
from tests.http.calls import FIRST_FRAME, IMPATIENT, PRICED, assert_no_defects
from tests.http.hostile import Hostile, running

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "unit" / "data" / "reference-schema.json").read_text("utf-8")
)


def _manifest(model_id: str, **changes: Any) -> dict[str, Any]:
    """The reference model's schema and rules, drawn by the test card."""
    return {
        "manifest": 1,
        "id": model_id,
        "kind": "model",
        "author": "Studio",
        "name": {"en": model_id},
        "description": {"en": "For tests."},
        "categories": ["image-to-video"],
        "input_schema": copy.deepcopy(REFERENCE["input_schema"]),
        "accept": {"image_urls": ["jpeg", "png"]},
        "output": {"produces": "video"},
        "engine": {"name": "testcard", "inputs": {"prompt": "prompt", "image": "image_urls", "seed": "seed"}},
    } | changes


def _priced() -> dict[str, Any]:
    properties = {"prompt": {"title": "Prompt", "type": "string", "default": "bars"}}
    return _manifest(
        PRICED,
        input_schema={"type": "object", "title": "Input", "required": ["prompt"], "properties": properties},
        accept={},
        engine={"name": "testcard", "inputs": {"prompt": "prompt"}},
        price={"base_price_usd": 0.15, "unit": "second", "note": "For tests."},
    )


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the studio's models, of whose uploads none may exceed 8 MiB; only loopback may be fetched."""
    folder = tmp_path_factory.mktemp("studio")
    manifests = folder / "manifests"
    manifests.mkdir()
    impatient = _manifest(IMPATIENT, limits={"time_limit_s": 2, "max_attempts": 1})
    for number, manifest in enumerate((_manifest(FIRST_FRAME), impatient, _priced())):
        (manifests / f"{number}.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True), "utf-8")
    live = start_server(
        folder / "data",
        engines="testcard",
        fetch_allow="127.0.0.0/8",
        manifests=manifests,
        max_upload_bytes=8 * 2**20,
    )
    live.wait_ready()
    yield live
    assert live.stop() == 0
    assert_no_defects(live)


@pytest.fixture
def artist(studio: LiveServer) -> Iterator[httpx.Client]:
    """Somebody who works at the studio."""
    with studio.client() as client:
        yield client


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """A web server of a stranger, on loopback."""
    with running() as server:
        yield server
