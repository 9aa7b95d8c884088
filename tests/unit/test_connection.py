"""The head of a request: late or endless ones end the connection, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mutoscope.server.connection import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
CALL = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"


class Hasty(Connection):
    """Less patience, so that a test need not wait.

    A test in which nobody may be cut off gives the patience in question back.
    """

    head_s = 1.0
    head_bytes = 1000
    header_fields = 20
    body_s = 1.0
    body_bytes = 1000
    read_s = 1.0
    most = 3
    gone = asyncio.Event()
    """Is set when a connection has ended."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        type(self).gone.set()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads may take their time."""
    monkeypatch.setattr(Hasty, "head_s", 60.0)


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in the server."""
    return "asyncio"


@pytest.fixture
async def port(anyio_backend: str) -> AsyncIterator[int]:
    """A server that says hello, and where."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_hello, http=Hasty, lifespan="off", ws="none", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await running
    listener.close()


async def _hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads to the end, but for those who are refused; says hello, or too much of it."""
    text = b"hello" * (10_000_000 if scope["path"] == "/long" else 1)
    with contextlib.suppress(ClientDisconnect):
        if scope["path"] != "/refused":
            async for _ in Request(scope, receive).stream():
                pass
        await Response(text)(scope, receive, send)


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, closed in the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def is_cut(reader: asyncio.StreamReader) -> bool:
    """Whether the server hangs up without a word."""
    async with asyncio.timeout(60):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\n", CALL + b"GET / HT"])
async def test_a_head_that_does_not_come_ends_the_connection(port: int, head: bytes) -> None:
    """Silent from the start, in the middle, or in the middle of the second request."""
    async with connected(port) as (reader, writer):
        writer.write(head)
        if head.startswith(CALL):
            assert b"hello" in await reader.readuntil(b"hello")
        assert await is_cut(reader)


async def test_a_head_without_end_ends_the_connection(port: int) -> None:
    """Before it fills the memory."""
    async with connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 2000)
        assert await is_cut(reader)


@pytest.mark.usefixtures("patient")
async def test_a_call_sent_before_the_answer_to_the_last_is_answered_too(port: int) -> None:
    """Only the head counts, not the body that came in one piece with it."""
    async with connected(port) as (reader, writer):
        writer.write(CALL.replace(b"2\r\n\r\nok", b"5000\r\n\r\n" + b"x" * 5000) + CALL[:20])
        assert b"hello" in await reader.readuntil(b"hello")
        writer.write(CALL[20:])
        assert b"hello" in await reader.readuntil(b"hello")


@pytest.mark.slow
async def test_a_connection_that_works_is_kept(port: int) -> None:
    """A long body is no head, and a pause between two calls is not late."""
    async with connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(CALL.replace(b"2\r\n\r\nok", b"5000\r\n\r\n" + b"x" * 5000))
            assert b"hello" in await reader.readuntil(b"hello")
            await asyncio.sleep(1.2)


SLOW = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


async def test_a_body_that_stands_still_is_told_so(port: int) -> None:
    """408 in the shape of every error, then the end of the connection."""
    async with connected(port) as (reader, writer):
        writer.write(SLOW + b"x")
        async with asyncio.timeout(60):
            said = await reader.read()
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["error_code"] == 408001


async def test_a_body_that_trickles_is_cut_off_though_no_pause_is_long(port: int) -> None:
    """A byte now and then keeps every timer of others happy."""
    async with connected(port) as (reader, writer):
        writer.write(SLOW)
        said = asyncio.create_task(reader.read(12))
        while not said.done():
            writer.write(b"x")
            await asyncio.sleep(0.02)
        assert await said == b"HTTP/1.1 408"


async def test_a_body_that_keeps_coming_is_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than the time for one look, each look finding enough."""
    monkeypatch.setattr(Hasty, "body_s", 2.0)
    async with connected(port) as (reader, writer):
        writer.write(SLOW)
        for _ in range(20):
            writer.write(b"x" * 5000)
            await asyncio.sleep(0.15)
        assert b"hello" in await reader.readuntil(b"hello")


async def test_a_body_that_goes_on_after_its_answer_is_cut_off(port: int) -> None:
    """Refused already: what comes after helps nobody."""
    async with connected(port) as (reader, writer):
        writer.write(SLOW.replace(b"POST /", b"POST /refused").replace(b"100000", b"100000000"))
        assert b"hello" in await reader.readuntil(b"hello")
        with contextlib.suppress(ConnectionError):
            for _ in range(500):
                writer.write(b"x" * 10_000)
                await writer.drain()
                await asyncio.sleep(0.02)
        assert await is_cut(reader)


async def test_a_caller_who_does_not_read_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty megabytes fill every buffer between us."""
    monkeypatch.setattr(Hasty, "gone", asyncio.Event())
    async with connected(port) as (reader, writer):
        writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(60):
            await Hasty.gone.wait()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(50_000_000)


@pytest.mark.parametrize(
    "fields", [b"Host: x\r\nHost: y\r\n", b"Host: x\r\n" + b"X: 1\r\n" * 20], ids=["two hosts", "many fields"]
)
async def test_a_head_that_can_be_read_in_two_ways_is_refused(port: int, fields: bytes) -> None:
    """400, and the connection is closed."""
    async with connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")
        async with asyncio.timeout(60):
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("patient")
async def test_nobody_is_let_in_when_everybody_is_there(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three are; the fourth is turned away, and comes in when one of them has gone."""
    async with contextlib.AsyncExitStack() as stack:
        there = [await stack.enter_async_context(connected(port)) for _ in range(3)]
        async with connected(port) as (reader, _):
            assert await is_cut(reader)
        monkeypatch.setattr(Hasty, "gone", asyncio.Event())
        there[0][1].close()
        async with asyncio.timeout(60):
            await Hasty.gone.wait()
        async with connected(port) as (reader, writer):
            writer.write(CALL)
            assert b"hello" in await reader.readuntil(b"hello")
