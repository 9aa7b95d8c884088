"""A network cable that can be cut, slowed and silenced: what workers reach the server through in a chaos run."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

Mood = Literal["sound", "slow", "silent", "cut"]
SLOW_CHUNK_BYTES = 2048
SLOW_PAUSE_S = 0.05


class Cable:
    """Carries TCP connections from a port of loopback to another.

    sound    as it should be.
    slow     40 kB/s.
    silent   connections stay, and nothing gets through: what a switched-off switch looks like.
    cut      connections are reset, new ones refused.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._mood: Mood = "sound"
        self._heard = asyncio.Event()
        self._heard.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def lay(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def become(self, mood: Mood) -> None:
        """Change how it carries, also what is under way."""
        self._mood = mood
        if mood == "silent":
            self._heard.clear()
        else:
            self._heard.set()
        if mood == "cut":
            for writer in tuple(self._open):
                writer.transport.abort()

    async def close(self) -> None:
        """Carry nothing any more."""
        self.become("cut")
        assert self._server is not None
        self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mood == "cut":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(self._pour(reader, far_writer), self._pour(far_reader, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _pour(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """One direction until its end; an end that breaks ends both."""
        with contextlib.suppress(OSError):
            while chunk := await source.read(SLOW_CHUNK_BYTES if self._mood == "slow" else 1 << 16):
                await self._heard.wait()
                if self._mood == "slow":
                    await asyncio.sleep(SLOW_PAUSE_S)
                target.write(chunk)
                await target.drain()
            if target.can_write_eof():
                target.write_eof()
            return
        target.transport.abort()
