"""The calls that most stories here make: submit, wait for an end, and play the worker of a server that has none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.conftest import LiveServer

TESTCARD = "mutoscope/testcard"
STILL = "mutoscope/testcard/image"
WITH_PICTURE = "mutoscope/testcard/image-to-video"
FIRST_FRAME, IMPATIENT, PRICED = "studio/first-frame", "studio/impatient", "studio/priced"
"""Models of the server `studio`: the reference model's rules; the same in two seconds; 0.15 USD a second."""
SMALL: dict[str, Any] = {"prompt": "bars", "num_frames": 2, "width": 32, "height": 32}
"""A video that is drawn in some ten milliseconds."""


def submit(client: httpx.Client, model_id: str = TESTCARD, **inputs: Any) -> str:
    """Submit, by default a tiny test card, and return the request's id."""
    answer = client.post(f"/v1/models/{model_id}", json=SMALL | inputs if model_id == TESTCARD else inputs)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def until(holds: Callable[[], Any], *, timeout_s: float = 120.0) -> Any:
    """What `holds` returned once it was true."""
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def result(client: httpx.Client, request_id: str, **query: str) -> dict[str, Any]:
    """The result as it is now."""
    answer = client.get(f"/v1/requests/{request_id}/result", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def finished(client: httpx.Client, request_id: str, **query: str) -> dict[str, Any]:
    """The result once the request is finished."""
    until(lambda: result(client, request_id)["status"] not in ("in_queue", "in_progress"))
    return result(client, request_id, **query)


def completed(client: httpx.Client, model_id: str = TESTCARD, **inputs: Any) -> dict[str, Any]:
    """The result of a fresh request that succeeded."""
    told = finished(client, submit(client, model_id, **inputs))
    assert told["status"] == "succeeded", told
    return told


def assert_error(answer: httpx.Response, status: int, code: int | None = None) -> dict[str, Any]:
    """The answer is an error in the one shape, and tells nothing about our insides. Returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"error_code", "error_message", "message", "detail"}
    assert body["error_code"] == (code or body["error_code"])
    assert isinstance(body["error_code"], int)
    assert body["error_message"] == body["message"] != ""
    assert all(set(problem) == {"path", "message", "rule"} for problem in body["detail"])
    assert not [word for word in ("Traceback", 'File \\"', ".py") if word in answer.text]
    return body


def assert_no_defects(server: LiveServer) -> None:
    """The server's log knows of no error that nobody foresaw, but for an engine that was asked to have one."""
    lines = (server.data.parent / f"{server.data.name}.log").read_text("utf-8").splitlines()
    bad = [line for line in lines if '"level": "error"' in line or "Traceback" in line]
    assert not [line for line in bad if '"event": "engine.defect"' not in line]


@dataclass
class Hand:
    """A worker played by the test: it claims, beats and finishes over the worker protocol, and draws nothing."""

    client: httpx.Client

    def claim(self) -> dict[str, Any]:
        """The next attempt."""
        answer = self.client.post("/worker/v1/claim", json={"worker_id": "hand", "engines": ["testcard"]})
        assert answer.status_code == 200, answer.text
        attempt: dict[str, Any] = answer.json()
        return attempt

    def beat(self, attempt: dict[str, Any], progress: float, *log: str, shown: str = "") -> httpx.Response:
        """Tell how far it is."""
        told = {"attempt": attempt["attempt"], "progress": progress, "stage": "drawing", "log": log, "shown": shown}
        return self.client.post(f"/worker/v1/requests/{attempt['request_id']}/beat", json=told)

    def show(self, attempt: dict[str, Any], picture: bytes) -> str:
        """Hand in a preview; its id."""
        where = f"/worker/v1/requests/{attempt['request_id']}/files/preview.jpg"
        put = self.client.put(where, params={"attempt": str(attempt["attempt"])}, content=picture)
        assert put.status_code == 200, put.text
        return str(put.json()["file_id"])

    def finish(self, attempt: dict[str, Any], outcome: str, **told: Any) -> None:
        """Say how it ended."""
        message = {"attempt": attempt["attempt"], "outcome": outcome, **told}
        answer = self.client.post(f"/worker/v1/requests/{attempt['request_id']}/finish", json=message)
        assert answer.status_code == 200, answer.text

    def complete(self, attempt: dict[str, Any]) -> None:
        """Hand in a film of a few bytes and a poster."""
        where = f"/worker/v1/requests/{attempt['request_id']}/files"
        number = {"attempt": str(attempt["attempt"])}
        stored = []
        for name, media_type in (("output.mp4", "video/mp4"), ("poster.jpg", "image/jpeg")):
            put = self.client.put(
                f"{where}/{name}", params=number, content=b"0123456789", headers={"Content-Type": media_type}
            )
            assert put.status_code == 200, put.text
            stored.append(put.json())
        metadata = {"media": {"duration_s": 2.0}}
        self.finish(attempt, "completed", outputs=stored[:1], poster=stored[1], metadata=metadata)


@contextmanager
def hand_of(server: LiveServer) -> Iterator[Hand]:
    """A played worker of a server without workers, whose queue is empty now."""
    with server.client() as owner:
        for state in ("in_queue", "in_progress"):
            for request in owner.get("/v1/requests", params={"state": state, "limit": "500"}).json()["requests"]:
                owner.post(f"/v1/requests/{request['request_id']}/cancel?running=true")
    with server.client(server.environment["MUTOSCOPE_WORKER_TOKEN"]) as client:
        client.headers["X-Mutoscope-Worker"] = "hand"
        yield Hand(client)
