"""What callers confide in us is in no log, at any level, of the server, the workers or the engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import TESTCARD, WITH_PICTURE, finished, submit, until

pytestmark = pytest.mark.slow

KEY = "a-key-of-the-operators-own-PLANTED"
WORKER = "wt_PLANTED-worker-token"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server, with its workers, that logs all there is to log."""
    live = start_server(
        tmp_path_factory.mktemp("talkative") / "data",
        api_key=KEY,
        worker_token=WORKER,
        engines="testcard",
        fetch_allow="127.0.0.0/8",
        log_level="debug",
    )
    live.api_key = KEY
    live.wait_ready()
    yield live
    assert live.process.poll() is not None or live.stop() == 0


def _story(client: httpx.Client, server: LiveServer) -> tuple[dict[str, str], list[str]]:
    """Everything that can go well or wrong, with something planted in each. Returns the secrets and request ids."""
    prompt = "PLANTED-prompt a cat on the moon"
    made = client.post("/v1/keys", json={"name": "guest"}).json()
    rotated = client.post(f"/v1/keys/{made['key_id']}/rotate").json()
    upload = client.post("/v1/files", params={"name": "PLANTED-name.png"}, content=media.png()).json()
    hook = {"url": "https://user:PLANTED-password@hooks.invalid/PLANTED-path"}
    client.post("/v1/webhooks", json=hook)
    endpoint = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/PLANTED-hook?token=PLANTED-token"}).json()
    requests = [
        submit(client, prompt=prompt, num_frames=2, width=32, height=32),
        submit(client, WITH_PICTURE, source=upload["url"], caption=prompt),
        submit(client, WITH_PICTURE, source=media.data_uri(media.png())),
        *(submit(client, prompt=prompt, fail=how) for how in ("error", "defect", "crash")),
        submit(client, WITH_PICTURE, source="http://127.0.0.1:9/PLANTED-source.png?signature=PLANTED-signature"),
    ]
    outputs = [finished(client, request_id) for request_id in requests]
    film = next(iter(outputs[0]["output"].values()))
    client.get(film)
    client.get(film + "0")
    client.get(upload["url"].replace("expires=", "expires=9"))
    client.post(f"/v1/models/{TESTCARD}", content=b'{"prompt": "PLANTED-broken')
    client.post(f"/v1/models/{TESTCARD}", json={"prompt": prompt, "num_frames": "PLANTED-number"})
    client.post(f"/v1/models/{TESTCARD}", json={"prompt": prompt}, headers={"Idempotency-Key": "PLANTED-idempotency"})
    client.get("/v1/PLANTED-path", params={"api_key": "PLANTED-query"})
    with server.client("mk_PLANTED-wrong-key") as stranger:
        stranger.get("/v1/requests")
        stranger.post("/worker/v1/claim", json={"worker_id": "PLANTED"})
    until(lambda: client.get("/v1/webhooks/deliveries", params={"state": "pending"}).json()["deliveries"])
    secrets = {
        "key": KEY,
        "worker token": WORKER,
        "guest's key": made["key"],
        "guest's next key": rotated["key"],
        "endpoint's secret": endpoint["secret"],
        "account's secret": client.get("/v1/webhooks/secret").json()["secret"],
        "signature of the upload": httpx.URL(upload["url"]).params["signature"],
        "signature of the film": httpx.URL(film).params["signature"],
        "bytes of the picture": media.data_uri(media.png())[40:80],
        "anything else": "PLANTED",
        "prompt": "cat on the moon",
        "the engine's own words": '"a secret of the input"',
    }
    return secrets, requests


def test_no_log_holds_what_was_confided(talkative: LiveServer) -> None:
    """Keys, tokens, prompts, pictures, addresses with signatures or tokens; and every line is JSON."""
    with talkative.client() as client:
        secrets, requests = _story(client, talkative)
    assert talkative.stop() == 0

    text = (talkative.data.parent / f"{talkative.data.name}.log").read_text("utf-8")
    # the source line of the engine's own defect quotes its constant, which no caller sent
    text = text.replace('raise ZeroDivisionError(\\"a secret of the input\\")', "")

    leaked = {
        name: [line for line in text.splitlines() if value in line][:2]
        for name, value in secrets.items()
        if value in text
    }
    assert not leaked
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert not [line for line in lines if line["event"] == "http.defect"]
    for request_id in requests:
        events = {line["event"] for line in lines if line.get("request_id") == request_id}
        assert {"request.accepted", "attempt.started"} <= events, (request_id, events)
    defects = [line for line in lines if line["event"] == "engine.defect"]
    assert {line["request_id"] for line in defects} == {requests[4]}
    assert "ZeroDivisionError: [hidden]" in defects[0]["trace"]
