"""A small real HTTP server with scripted answers, for the client and the command line."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Response | Callable[[Seen], Response]


@dataclass
class Scripted:
    """Answers by method and path: each list is used up in order, its last answer again and again."""

    url: str
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Answer | Mapping[str, Any] | int) -> None:
        """A mapping is a JSON answer, a number an empty answer of that status."""
        self.answers[method, path] = [_answer(answer) for answer in answers]

    def calls(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        files: list[tuple[str, bytes]] = []
        body = b""
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                for part in form.values():
                    assert not isinstance(part, str)
                    files.append((part.filename or "", await part.read()))
        else:
            body = await request.body()
        seen = Seen(
            scope["method"],
            scope["raw_path"].decode(),
            dict(request.query_params),
            dict(request.headers),
            body,
            tuple(files),
        )
        self.seen.append(seen)
        waiting = self.answers.get((seen.method, seen.path))
        if not waiting:
            response: Response = error(404, 404001, "no such path in this script")
        else:
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            response = answer if isinstance(answer, Response) else answer(seen)
        await response(scope, receive, send)


def _answer(answer: Answer | Mapping[str, Any] | int) -> Answer:
    if isinstance(answer, int):
        return Response(status_code=answer)
    return JSONResponse(answer) if isinstance(answer, Mapping) else answer


def error(status: int, code: int, message: str, **headers: str) -> Response:
    """An error in the API's form; header names are written with underscores."""
    body = {"error_code": code, "error_message": message, "message": message, "detail": []}
    return JSONResponse(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def cut(data: bytes = b"", *, media_type: str = "application/json") -> Callable[[Seen], Response]:
    """An answer whose connection breaks after the given bytes."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data
        await asyncio.sleep(0.02)
        raise ConnectionAbortedError("cut on purpose")

    return lambda _: StreamingResponse(chunks(), headers={"Content-Type": media_type})


def events(*blocks: tuple[int | None, str, Mapping[str, Any]], cut_off: bool = False) -> Callable[[Seen], Response]:
    """A stream of events; with `cut_off` it breaks after them."""
    text = ": hello\n\n" + "".join(
        (f"id: {seq}\n" if seq is not None else "") + f"event: {kind}\ndata: {json.dumps(data)}\n\n"
        for seq, kind, data in blocks
    )
    if cut_off:
        return cut(text.encode() + b"id: 99\nevent: log\ndata: {", media_type="text/event-stream")
    return lambda _: Response(text, media_type="text/event-stream")


@pytest.fixture(scope="session")
def _running() -> Iterator[Scripted]:
    app = Scripted("")
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    app.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield app
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def scripted(_running: Scripted) -> Scripted:
    """The server with an empty script."""
    _running.answers.clear()
    _running.seen.clear()
    return _running
