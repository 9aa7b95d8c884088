"""The head of a request: late or endless ones end the connection, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from mutoscope.server.connection import Connection

pytestmark = pytest.mark.anyio
CALL = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"


class Hasty(Connection):
    """Less patience, so that a test need not wait."""

    head_s = 0.3
    head_bytes = 1000


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in the server."""
    return "asyncio"


@pytest.fixture
async def port(anyio_backend: str) -> AsyncIterator[int]:
    """A server that says hello, and where."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(PlainTextResponse("hello"), http=Hasty, lifespan="off", ws="none", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await running
    listener.close()


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
    async with asyncio.timeout(5):
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
            await asyncio.sleep(0.5)
