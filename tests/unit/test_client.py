"""The client against a small real server: both drivers tell the same stories."""

from __future__ import annotations

import asyncio
import inspect
import io
import itertools
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, RedirectResponse, Response

import mutoscope.client
from mutoscope.client import (
    APIError,
    AsyncClient,
    BadArgument,
    Client,
    ClientError,
    Conflict,
    ConnectionFailed,
    Event,
    Forbidden,
    InvalidInput,
    NotFound,
    PaymentRequired,
    RateLimited,
    Retry,
    RunCancelled,
    RunFailed,
    ServerError,
    TooLarge,
    Unauthorized,
    UnexpectedAnswer,
    WaitTimedOut,
)
from mutoscope.client.sse import Message, Reader

if TYPE_CHECKING:
    from tests.unit.conftest import Scripted, Seen

KEY = "mk_secret0123456789"
QUICK = Retry(attempts=4, base_s=0.001, cap_s=0.002)
MODEL = "acme/film/image-to-video"
SUBMIT = f"/v1/models/{MODEL}"
SUBMITTED = {"request_id": "r1", "status_url": "u", "result_url": "u", "cancel_url": "u"}
DONE = {"request_id": "r1", "status": "succeeded", "output": {"video": "/v1/files/f/out.mp4"}, "cost": 0.5}
SCHEMA = {
    "type": "object",
    "properties": {
        "prompt": {"type": "string"},
        "image_urls": {"type": "array", "items": {"type": "string", "format": "image_uri"}},
        "end": {"type": "object", "properties": {"mask": {"type": "string", "format": "image_uri"}}},
        "clips": {"type": "array", "format": "video_uris", "items": {"type": "string"}},
    },
}


class Driver:
    """One of the two clients behind the same blocking calls."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url

    def call(self, name: str, *args: Any, local_paths: bool = True, **options: Any) -> Any:
        if self.kind == "sync":
            with Client(self.url, KEY, retry=QUICK, local_paths=local_paths) as client:
                return getattr(client, name)(*args, **options)
        return asyncio.run(self._await(name, args, options, local_paths))

    def collect(self, name: str, *args: Any, **options: Any) -> list[Any]:
        if self.kind == "sync":
            with Client(self.url, KEY, retry=QUICK) as client:
                return list(getattr(client, name)(*args, **options))
        return asyncio.run(self._gather(name, args, options))

    async def _await(self, name: str, args: Any, options: Any, local_paths: bool) -> Any:
        async with AsyncClient(self.url, KEY, retry=QUICK, local_paths=local_paths) as client:
            return await getattr(client, name)(*args, **options)

    async def _gather(self, name: str, args: Any, options: Any) -> list[Any]:
        async with AsyncClient(self.url, KEY, retry=QUICK) as client:
            return [item async for item in getattr(client, name)(*args, **options)]


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest, scripted: Scripted) -> Driver:
    return Driver(request.param, scripted.url)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No address and key of the person who runs the tests."""
    monkeypatch.delenv("MUTOSCOPE_URL", raising=False)
    monkeypatch.delenv("MUTOSCOPE_API_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Any:
    """The helpers of conftest, which `importlib` mode does not let us import."""
    return sys.modules[type(request.getfixturevalue("scripted")).__module__]


def test_a_submit_sends_the_inputs_as_the_body_with_key_and_idempotency_key(driver: Driver, scripted: Scripted) -> None:
    """The body is the input object itself."""
    scripted.on("POST", SUBMIT, SUBMITTED)
    submitted = driver.call("submit", MODEL, {"prompt": "ゆっくり"})
    assert submitted.request_id == "r1"
    [seen] = scripted.seen
    assert seen.json == {"prompt": "ゆっくり"}
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert len(seen.headers["idempotency-key"]) == 36


def test_a_submit_is_tried_again_under_one_idempotency_key(driver: Driver, scripted: Scripted, make: Any) -> None:
    """A gateway error, a cut answer and a limit with a date are each worth another try."""
    limited = make.error(429, 429001, "slow down", Retry_After="0")
    scripted.on("POST", SUBMIT, 502, make.cut(b'{"request'), limited, SUBMITTED)
    assert driver.call("submit", MODEL, {}).request_id == "r1"
    assert len(scripted.seen) == 4
    assert len({seen.headers["idempotency-key"] for seen in scripted.seen}) == 1


def test_trying_again_ends(driver: Driver, scripted: Scripted) -> None:
    """Four attempts and no more; the last answer is the error."""
    scripted.on("POST", SUBMIT, 503)
    with pytest.raises(ServerError):
        driver.call("submit", MODEL, {})
    assert len(scripted.seen) == QUICK.attempts


@pytest.mark.parametrize(
    ("status", "headers"), [(503, {}), (429, {}), (500, {}), (429, {"Retry_After": "86400"}), (422, {})]
)
def test_a_considered_refusal_is_not_asked_again(
    driver: Driver, scripted: Scripted, make: Any, status: int, headers: dict[str, str]
) -> None:
    """An engine that is not set up, a limit without a date or one beyond our patience: say so at once."""
    scripted.on("POST", SUBMIT, make.error(status, status * 1000 + 1, "no", **headers))
    with pytest.raises(APIError):
        driver.call("submit", MODEL, {})
    assert len(scripted.seen) == 1


def test_what_is_not_safe_to_repeat_is_sent_once(driver: Driver, scripted: Scripted) -> None:
    """Making a key or deleting twice is not the same as once."""
    scripted.on("POST", "/v1/keys", 503)
    scripted.on("DELETE", "/v1/requests/r1", 503)
    scripted.on("POST", "/v1/files", 503)
    for call in (("create_key", "ci"), ("delete", "r1"), ("upload", b"abc")):
        with pytest.raises(ServerError):
            driver.call(*call)
    assert len(scripted.seen) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 400001, InvalidInput),
        (401, 401001, Unauthorized),
        (402, 400002, PaymentRequired),
        (403, 403001, Forbidden),
        (404, 404001, NotFound),
        (409, 409001, Conflict),
        (413, 413001, TooLarge),
        (418, 418001, APIError),
        (422, 422001, InvalidInput),
        (429, 429001, RateLimited),
        (500, 500001, ServerError),
        (507, 507001, ServerError),
        (200, 404001, NotFound),
    ],
)
def test_each_refusal_has_its_class(
    driver: Driver, scripted: Scripted, make: Any, status: int, code: int, kind: type[APIError]
) -> None:
    """An `error_code` in a 200 answer is an error too."""
    scripted.on("GET", "/v1/requests/r1/status", make.error(status, code, "because"))
    with pytest.raises(APIError) as caught:
        driver.call("status", "r1")
    assert type(caught.value) is kind
    assert (caught.value.error_code, caught.value.message) == (code, "because")


def test_no_message_and_no_repr_holds_the_key(driver: Driver, scripted: Scripted, make: Any) -> None:
    """Not even when the server echoes it."""
    scripted.on("GET", "/v1/keys", make.error(401, 401001, f"unknown key {KEY}"))
    with pytest.raises(Unauthorized) as caught:
        driver.call("keys")
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)
    assert KEY not in repr(Client(scripted.url, KEY))
    assert KEY not in repr(AsyncClient(scripted.url, KEY))


def test_an_answer_that_is_not_the_apis_is_said_to_be_none(driver: Driver, scripted: Scripted) -> None:
    """A captive portal's page is not a status."""
    scripted.on("GET", "/v1/requests/r1/status", Response("<html>", media_type="text/html"))
    with pytest.raises(UnexpectedAnswer):
        driver.call("status", "r1")
    scripted.on("POST", SUBMIT, {**SUBMITTED, "request_id": "../../etc"})
    with pytest.raises(UnexpectedAnswer):
        driver.call("submit", MODEL, {})


def test_a_server_that_is_not_there_is_named() -> None:
    """With the address and what to do."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"  # taken, and nobody listens
        for kind in ("sync", "async"):
            with pytest.raises(ConnectionFailed, match=r"mutoscope serve") as caught:
                Driver(kind, url).call("status", "r1")
            assert url in str(caught.value)
            assert caught.value.refused


@pytest.mark.parametrize("model_id", ["", "a//b", "../keys", "a/../b", "."])
def test_an_id_cannot_lead_to_another_address(driver: Driver, scripted: Scripted, model_id: str) -> None:
    """Refused before anything is sent."""
    with pytest.raises(BadArgument):
        driver.call("submit", model_id, {})
    with pytest.raises(BadArgument):
        driver.call("status", "..")
    assert scripted.seen == []


def test_an_id_with_spaces_and_marks_keeps_them(driver: Driver, scripted: Scripted) -> None:
    """Older catalogue entries look like this."""
    scripted.on("POST", "/v1/models/minimax/Hailuo%20Video%2001%3F", SUBMITTED)
    driver.call("submit", "minimax/Hailuo Video 01?", {})
    assert len(scripted.seen) == 1


def test_a_cut_stream_is_resumed_after_the_last_event_seen(driver: Driver, scripted: Scripted, make: Any) -> None:
    """Every event arrives once, in order; the half one is not delivered."""
    scripted.on("POST", SUBMIT, SUBMITTED)
    first = make.events(
        (None, "position", {"queue_position": 1}),
        (1, "state", {"state": "in_progress", "attempt": 1}),
        (2, "progress", {"progress": 0.5, "stage": "render"}),
        cut_off=True,
    )
    rest = make.events((3, "log", {"line": "ok"}), (4, "state", {"state": "completed"}))
    scripted.on("GET", "/v1/requests/r1/events", first, rest)
    scripted.on("GET", "/v1/requests/r1/result", DONE)
    events: list[Event] = []
    result = driver.call("run", MODEL, {"prompt": "p"}, on_event=events.append)
    assert [event.seq for event in events] == [None, 1, 2, 3, 4]
    assert [seen.headers.get("last-event-id") for seen in scripted.calls("GET", "/v1/requests/r1/events")] == [
        None,
        "2",
    ]
    assert (result.state, result.cost_usd, result.urls) == ("completed", 0.5, ("/v1/files/f/out.mp4",))


def test_events_can_be_taken_one_by_one_and_left(driver: Driver, scripted: Scripted, make: Any) -> None:
    """The iterator starts where it is told and ends with the request."""
    stream = make.events((8, "log", {"line": "a"}), (9, "state", {"state": "failed", "error": "no"}))
    scripted.on("GET", "/v1/requests/r1/events", stream)
    found = driver.collect("events", "r1", 7)
    assert [event.kind for event in found] == ["log", "state"]
    assert scripted.seen[0].headers["last-event-id"] == "7"
    if driver.kind == "sync":
        with Client(scripted.url, KEY) as client:
            assert next(client.events("r1")).seq == 8


def test_a_server_without_events_is_asked_for_the_status(driver: Driver, scripted: Scripted) -> None:
    """The hosted service has no stream; a failure it calls `completed` shows in the result."""
    scripted.on("POST", SUBMIT, SUBMITTED)

    def status(word: str, **more: object) -> Response:
        return JSONResponse({"request_id": "r1", "status": word, **more}, headers={"Retry-After": "0"})

    scripted.on(
        "GET",
        "/v1/requests/r1/status",
        status("in_queue", queue_position=1),
        status("in_queue", queue_position=0),
        status("in_progress"),
        status("completed"),
    )
    scripted.on("GET", "/v1/requests/r1/result", {"request_id": "r1", "status": "failed", "error": "bad photo"})
    events: list[Event] = []
    with pytest.raises(RunFailed, match="bad photo") as caught:
        driver.call("run", MODEL, {}, on_event=events.append)
    assert caught.value.request_id == "r1"
    assert [(event.kind, *event.data.values()) for event in events] == [
        ("state", "in_queue"),
        ("position", 1),
        ("position", 0),
        ("state", "in_progress"),
        ("state", "completed"),
    ]


def test_a_stream_that_never_holds_gives_way_to_asking(
    driver: Driver, scripted: Scripted, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that cuts every stream at once does not stop a run."""
    quick = Retry(attempts=9, base_s=0.001, cap_s=0.002)
    monkeypatch.setattr(mutoscope.client.follow, "_patience", lambda: mutoscope.client.steps.Backoff(quick))
    scripted.on("GET", "/v1/requests/r1/events", make.cut(b": hi\n\n", media_type="text/event-stream"))
    scripted.on("GET", "/v1/requests/r1/status", {"status": "cancelled"})
    scripted.on("GET", "/v1/requests/r1/result", {"status": "cancelled"})
    with pytest.raises(RunCancelled):
        driver.call("wait", "r1")
    assert len(scripted.calls("GET", "/v1/requests/r1/events")) == mutoscope.client.follow.MAX_CUTS


def test_leaving_early_cancels_even_a_running_request(driver: Driver, scripted: Scripted, make: Any) -> None:
    """Ctrl-C is passed on after the server was told."""
    scripted.on("GET", "/v1/requests/r1/events", make.events((1, "state", {"state": "in_progress"})))
    scripted.on("POST", "/v1/requests/r1/cancel", {"status": "cancelled", "outcome": "cancelled"})

    class Left(BaseException):
        pass

    def leave(_: Event) -> None:
        raise Left

    with pytest.raises(Left):
        driver.call("wait", "r1", on_event=leave)
    [seen] = scripted.calls("POST", "/v1/requests/r1/cancel")
    assert seen.query == {"running": "true"}

    with pytest.raises(Left):
        driver.call("wait", "r1", on_event=leave, cancel_when_left=False)
    assert len(scripted.calls("POST", "/v1/requests/r1/cancel")) == 1


def test_a_cancelled_coroutine_cancels_its_request(scripted: Scripted, make: Any) -> None:
    """asyncio's own time-out is one way of leaving."""
    scripted.on("GET", "/v1/requests/r1/status", JSONResponse({"status": "in_queue"}, headers={"Retry-After": "9"}))
    scripted.on("POST", "/v1/requests/r1/cancel", JSONResponse({"status": "cancelled", "outcome": "cancelled"}, 202))

    async def story() -> None:
        async with AsyncClient(scripted.url, KEY) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.wait("r1"), 0.2)

    asyncio.run(story())
    assert len(scripted.calls("POST", "/v1/requests/r1/cancel")) == 1


def test_the_time_limit_ends_the_wait_and_cancels(driver: Driver, scripted: Scripted) -> None:
    """Work that nobody waits for is not paid for."""
    scripted.on("GET", "/v1/requests/r1/status", {"status": "in_progress"})
    scripted.on("POST", "/v1/requests/r1/cancel", {"status": "cancelled", "outcome": "cancelled"})
    with pytest.raises(WaitTimedOut):
        driver.call("wait", "r1", timeout_s=0.1)
    assert len(scripted.calls("POST", "/v1/requests/r1/cancel")) == 1


def test_a_lost_server_does_not_cancel_and_tells_the_request(driver: Driver, scripted: Scripted) -> None:
    """The request goes on without us; its id is in the traceback."""
    scripted.on("GET", "/v1/requests/r1/status", 503)
    with pytest.raises(ServerError) as caught:
        driver.call("wait", "r1")
    assert caught.value.__notes__ == ["request_id r1"]
    assert scripted.calls("POST", "/v1/requests/r1/cancel") == []


@pytest.fixture
def uploads(scripted: Scripted) -> Scripted:
    """A server that keeps files and knows the model's schema."""

    def keep(seen: Seen) -> Response:
        name = seen.files[0][0]
        return JSONResponse({"file_id": name, "url": f"{scripted.url}/v1/files/{name}", "size_bytes": 1}, 201)

    scripted.on("POST", "/v1/files", keep)
    scripted.on("GET", SUBMIT, {"model_id": MODEL, "input_schema": SCHEMA})
    scripted.on("POST", SUBMIT, SUBMITTED)
    return scripted


def test_local_files_are_uploaded_and_replaced_by_their_urls(
    driver: Driver, uploads: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strings only where the schema asks for media; paths and open files anywhere; each file once."""
    monkeypatch.chdir(tmp_path)
    photo, clip = tmp_path / "photo.png", tmp_path / "a b.mp4"
    photo.write_bytes(b"png")
    clip.write_bytes(b"mp4")
    opened = io.BytesIO(b"mask")
    opened.name = "mask.png"
    inputs = {
        "prompt": "./photo.png",
        "image_urls": ["./photo.png", "https://example.org/x.png", "/no/such/file.png", "photo.png"],
        "end": {"mask": opened, "note": str(photo)},
        "clips": [clip.as_uri()],
        "other": clip,
    }
    driver.call("submit", MODEL, inputs)
    base = f"{uploads.url}/v1/files"
    assert uploads.calls("POST", SUBMIT)[0].json == {
        "prompt": "./photo.png",
        "image_urls": [f"{base}/photo.png", "https://example.org/x.png", "/no/such/file.png", "photo.png"],
        "end": {"mask": f"{base}/mask.png", "note": str(photo)},
        "clips": [f"{base}/a b.mp4"],
        "other": f"{base}/a b.mp4",
    }
    sent = [seen.files[0] for seen in uploads.calls("POST", "/v1/files")]
    assert sorted(sent) == [("a b.mp4", b"mp4"), ("mask.png", b"mask"), ("photo.png", b"png")]
    assert not photo.samefile(clip)


def test_strings_of_strangers_are_never_read_as_paths(driver: Driver, uploads: Scripted, tmp_path: Path) -> None:
    """A service that passes on what its users typed says local_paths=False."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    driver.call("submit", MODEL, {"image_urls": [str(secret)]}, local_paths=False)
    assert uploads.calls("POST", SUBMIT)[0].json == {"image_urls": [str(secret)]}
    assert len(uploads.seen) == 1


@pytest.mark.parametrize(
    "inputs",
    [{"image": Path("/no/such/file")}, {"x": object()}, {"x": float("nan")}, {"x": io.StringIO("text")}],
)
def test_what_cannot_be_sent_is_refused_here(driver: Driver, uploads: Scripted, inputs: dict[str, object]) -> None:
    """Nothing goes over the wire."""
    with pytest.raises(BadArgument):
        driver.call("submit", MODEL, inputs)
    assert uploads.seen == []


def test_outputs_are_saved_under_the_requests_name(
    driver: Driver, scripted: Scripted, make: Any, tmp_path: Path
) -> None:
    """Numbered, complete or absent; a cut download is begun again."""
    scripted.on("POST", SUBMIT, SUBMITTED)
    scripted.on("GET", "/v1/requests/r1/events", make.events((1, "state", {"state": "completed"})))
    urls = [f"{scripted.url}/v1/files/a/x.png?signature=s", "/v1/files/b/y"]
    scripted.on("GET", "/v1/requests/r1/result", {"status": "succeeded", "output": {"images": urls}})
    scripted.on("GET", "/v1/files/a/x.png", make.cut(b"one"), Response(b"one two"))
    scripted.on("GET", "/v1/files/b/y", Response(b"three"))
    result = driver.call("run", MODEL, {}, output_dir=tmp_path / "new")
    assert [(path.name, path.read_bytes()) for path in result.files] == [
        ("r1_1.png", b"one two"),
        ("r1_2.bin", b"three"),
    ]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["r1_1.png", "r1_2.bin"]
    assert scripted.calls("GET", "/v1/files/a/x.png")[0].query == {"signature": "s"}


def test_a_download_that_fails_leaves_nothing_behind(
    driver: Driver, scripted: Scripted, make: Any, tmp_path: Path
) -> None:
    """Refused or cut to the end: no half file."""
    scripted.on("GET", "/gone", make.error(404, 404001, "gone"))
    scripted.on("GET", "/cut", make.cut(b"half"))
    with pytest.raises(NotFound):
        driver.call("download", "/gone", tmp_path)
    with pytest.raises(ConnectionFailed):
        driver.call("download", "/cut", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_download_reports_and_keeps_the_key_at_home(driver: Driver, scripted: Scripted, tmp_path: Path) -> None:
    """Another host never sees the key, whether named directly or by a redirect."""
    elsewhere = scripted.url.replace("127.0.0.1", "localhost")
    scripted.on("GET", "/v1/files/f/out.mp4", RedirectResponse(f"{elsewhere}/bucket/out.mp4?sig=1"))
    scripted.on("GET", "/bucket/out.mp4", Response(b"x" * 1000))
    reports: list[Any] = []
    path = driver.call("download", "/v1/files/f/out.mp4", tmp_path, on_progress=reports.append)
    assert path == tmp_path / "out.mp4"
    assert (reports[-1].received_bytes, reports[-1].total_bytes) == (1000, 1000)
    driver.call("download", f"{elsewhere}/bucket/out.mp4", tmp_path / "again")
    assert "authorization" in scripted.calls("GET", "/v1/files/f/out.mp4")[0].headers
    assert all("authorization" not in seen.headers for seen in scripted.calls("GET", "/bucket/out.mp4"))


def test_the_list_of_requests_is_paged_as_it_is_read(driver: Driver, scripted: Scripted) -> None:
    """Page after page until the cursor ends, or the limit."""

    def row(number: int) -> Mapping[str, object]:
        return {"request_id": f"r{number}", "model_id": MODEL, "state": "completed", "progress": 1}

    def page(seen: Seen) -> Response:
        first = 0 if "cursor" not in seen.query else int(seen.query["cursor"])
        rows = [row(number) for number in range(first, min(first + 2, 5))]
        return JSONResponse({"requests": rows, "next_cursor": str(first + 2) if first + 2 < 5 else None})

    scripted.on("GET", "/v1/requests", page)
    assert [found.request_id for found in driver.collect("requests", state="completed")] == [
        "r0",
        "r1",
        "r2",
        "r3",
        "r4",
    ]
    assert scripted.seen[0].query == {"state": "completed", "limit": "100"}
    scripted.seen.clear()
    assert len(driver.collect("requests", limit=3)) == 3
    assert [seen.query["limit"] for seen in scripted.seen] == ["3", "1"]


def test_the_other_calls_read_their_answers(driver: Driver, scripted: Scripted) -> None:
    """Catalogue, keys, usage, balance, poster, result, cancel, delete."""
    entry = {
        "model_id": MODEL,
        "display_name": "Film",
        "categories": ["image-to-video"],
        "base_price_usd": 0.1,
    }
    scripted.on("GET", "/v1/models", {"models": [entry], "total": 2}, {"models": [entry], "total": 2})
    scripted.on("GET", SUBMIT, {**entry, "input_schema": SCHEMA})
    key = {"key_id": "k1", "name": "ci", "prefix": "mk_ab", "scopes": ["run"], "expires_at": None}
    scripted.on("GET", "/v1/keys", {"keys": [key]})
    scripted.on("POST", "/v1/keys", JSONResponse({**key, "key": "mk_new"}, 201))
    scripted.on("DELETE", "/v1/keys/k1", 204)
    scripted.on("GET", "/v1/usage", {"usage": [{"cost_usd": 1}], "total_usd": 1})
    scripted.on("GET", "/prod/v2/balance", {"balance_usd": 12.5})
    scripted.on("GET", "/v1/requests/r1/poster", Response(b"jpeg", media_type="image/jpeg"))
    scripted.on("GET", "/v1/requests/r1/result", {"status": "in_progress", "error_code": None})
    scripted.on(
        "POST",
        "/v1/requests/r1/cancel",
        JSONResponse({"status": "in_progress", "outcome": "not_cancellable"}, 202),
    )
    scripted.on("DELETE", "/v1/requests/r1", 204)

    assert [model.model_id for model in driver.call("models", search="film")] == [MODEL, MODEL]
    assert [seen.query["offset"] for seen in scripted.calls("GET", "/v1/models")] == ["0", "1"]
    assert driver.call("model", MODEL).input_schema == SCHEMA
    assert [found.name for found in driver.call("keys")] == ["ci"]
    made = driver.call("create_key", "ci", ("run",), expires_in_s=60)
    assert made.secret == "mk_new"
    assert "mk_new" not in repr(made)
    driver.call("revoke_key", "k1")
    assert driver.call("usage", since="2026-01-01").total_usd == 1
    assert driver.call("balance").balance_usd == 12.5
    assert driver.call("poster", "r1") == b"jpeg"
    assert not driver.call("result", "r1").is_terminal
    assert not driver.call("cancel", "r1").is_cancelled
    driver.call("delete", "r1")


def test_a_quote_is_asked_for_with_the_inputs_of_a_submit(driver: Driver, scripted: Scripted, tmp_path: Path) -> None:
    """Local files are uploaded for it; what the server cannot tell is None."""
    picture = tmp_path / "photo.png"
    picture.write_bytes(b"png")
    scripted.on("POST", "/v1/files", {"file_id": "p", "url": "https://files/p.png"})
    run, wait = {"expected_s": 9.5, "p90_s": 11}, {"expected_s": None, "queue_ahead": 2, "reason": "no worker"}
    price = {"cost_usd": 0.75, "quantity": 5, "unit": "second"}
    told = {"model_id": MODEL, "price": price, "run": run, "wait": wait, "ignored_inputs": ["colour"]}
    scripted.on("POST", SUBMIT.replace("/v1/models/", "/v1/quote/"), told)
    scripted.on("POST", "/v1/inputs/check", {"ok": False, "problems": [{"rule": "width_pixels>"}], "media": None})

    quote = driver.call("quote", MODEL, {"prompt": "p", "image_urls": [picture]})
    assert scripted.seen[-1].json == {"prompt": "p", "image_urls": ["https://files/p.png"]}
    assert (quote.cost_usd, quote.expected_run_s, quote.run_p90_s, quote.queue_ahead) == (0.75, 9.5, 11, 2)
    assert quote.expected_wait_s is None
    assert quote.ignored_inputs == ("colour",)
    check = driver.call("check_input", MODEL, "image_urls", "https://example.com/a.png")
    assert scripted.seen[-1].json == {"model_id": MODEL, "field": "image_urls", "url": "https://example.com/a.png"}
    assert (check.is_ok, check.media, check.problems[0]["rule"]) == (False, {}, "width_pixels>")


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    """The one thing that is written twice is compared."""

    def public(kind: type) -> dict[str, list[tuple[str, object]]]:
        return {
            name: [(p.name, p.default) for p in inspect.signature(method).parameters.values()]
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") or name == "__init__"
        }

    assert public(Client) == public(AsyncClient)


def test_the_page_names_every_method_and_error() -> None:
    """docs/reference/client.md does not drift."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "client.md").read_text("utf-8")
    methods = [name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")]
    assert [name for name in methods if f"`{name}(" not in page] == []
    public = {name: getattr(mutoscope.client, name) for name in mutoscope.client.__all__}
    errors = [name for name, found in public.items() if issubclass(found, Exception)]
    assert [name for name in errors if f"| `{name}` |" not in page] == []


def test_the_client_can_be_copied_out_of_the_tree(tmp_path: Path) -> None:
    """It runs with nothing else of ours, and without reading this package."""
    shutil.copytree(
        Path(mutoscope.client.__file__).parent,
        tmp_path / "copied",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    code = "import sys, copied; copied.Client(); assert not [m for m in sys.modules if m.startswith('mutoscope')]"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


def _credentials(tmp_path: Path, **data: str) -> None:
    file = tmp_path / "config" / "mutoscope" / "credentials.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(data), "utf-8")


def _sent_key(client: Client, scripted: Scripted) -> str | None:
    scripted.on("GET", "/v1/keys", {"keys": []})
    with client:
        client.keys()
    return scripted.seen[-1].headers.get("authorization")


def test_the_key_of_the_credentials_file_is_used(scripted: Scripted, tmp_path: Path) -> None:
    """Nothing to set after the first `serve`; arguments and environment come first."""
    _credentials(tmp_path, url=scripted.url, api_key="mk_file")
    assert _sent_key(Client(), scripted) == "Bearer mk_file"
    assert _sent_key(Client(api_key="mk_given"), scripted) == "Bearer mk_given"


def test_the_environment_names_server_and_key(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trailing slash or /v1, as other tools want it, does no harm."""
    monkeypatch.setenv("MUTOSCOPE_URL", f"{scripted.url}/v1/")
    monkeypatch.setenv("MUTOSCOPE_API_KEY", "mk_env")
    assert _sent_key(Client(), scripted) == "Bearer mk_env"


def test_a_stored_key_is_not_sent_to_another_server(scripted: Scripted, tmp_path: Path) -> None:
    """It belongs to the address beside it."""
    _credentials(tmp_path, url="https://video.example.org", api_key="mk_file")
    assert _sent_key(Client(scripted.url), scripted) is None
    assert Client().base_url == "https://video.example.org"


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9", "http://localhost:{port}", "https://127.0.0.1:{port}"])
def test_another_port_of_this_machine_is_another_server(scripted: Scripted, tmp_path: Path, elsewhere: str) -> None:
    """Whoever is logged in here may listen there, and on `localhost` of the other family."""
    port = scripted.url.rpartition(":")[2]
    _credentials(tmp_path, url=elsewhere.format(port=port), api_key="mk_file")
    assert _sent_key(Client(scripted.url), scripted) is None


def test_a_broken_credentials_file_is_named(tmp_path: Path) -> None:
    """Instead of silently going on without a key."""
    _credentials(tmp_path)
    (tmp_path / "config" / "mutoscope" / "credentials.json").write_text("[1]", "utf-8")
    with pytest.raises(ClientError, match=r"credentials\.json"):
        Client()


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://user:pw@host", "http://host?x=1", "localhost:8000"])
def test_an_address_that_cannot_be_a_server_is_refused(url: str) -> None:
    """Before a key is sent anywhere, and without echoing what may hold a password."""
    with pytest.raises(BadArgument) as caught:
        Client(url, KEY)
    assert "pw" not in str(caught.value)


def test_a_key_with_white_space_is_refused_without_being_shown() -> None:
    """A pasted line end would break the header."""
    with pytest.raises(BadArgument) as caught:
        Client("http://127.0.0.1:1", "mk_a b\n")
    assert "mk_a" not in str(caught.value)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@given(cuts=st.lists(st.integers(0, 200), max_size=12))
def test_a_stream_reads_the_same_however_it_is_chunked(line_end: str, cuts: list[int]) -> None:
    """Chunks end where the network likes: inside a CRLF, a word or a letter."""
    lines = [
        ": hi",
        "",
        "id: 7",
        "event: state",
        'data: {"a":',
        "data: 1}",
        "",
        "retry: 1500",
        "data:静か",
        "",
        "data: x",
    ]
    stream = line_end.join(lines).encode() + line_end.encode()
    reader = Reader()
    found = [message for chunk in _cut_up(stream, cuts) for message in reader.feed(chunk)]
    assert found == [Message("7", "state", '{"a":\n1}'), Message(None, "message", "静か")]
    assert reader.retry_s == 1.5


def _cut_up(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return (data[start:end] for start, end in itertools.pairwise(places))


def test_an_endless_line_is_refused() -> None:
    """A hostile stream does not fill memory."""
    reader = Reader()
    with pytest.raises(ValueError, match="longer than"):
        for _ in range(20):
            reader.feed(b"x" * 100_000)
