"""Who takes part in a chaos run besides servers and workers: clients, a receiver of webhooks, a worker without manners.

Each writes down what it was told; `audit` compares that with what the server keeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from mutoscope.client import webhooks
from mutoscope.client.errors import WebhookVerificationError
from mutoscope.protocol import VERSION, Assignment, Claim, Finish, Stored, decode, encode

MODEL = "mutoscope/testcard"
RETRY_S = 0.2
LONGEST_DELAY_S = 0.8


@dataclass
class Diary:
    """What the clients were answered.

    acknowledged   request ids by Idempotency-Key; more than one would be a request that was made twice.
    cancelled      ids whose cancel was answered with `cancelled`.
    refused        answers other than 200 to a submit, by status; each was tried again.
    """

    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0

    @property
    def ids(self) -> set[str]:
        """Every acknowledged request."""
        return {request_id for ids in self.acknowledged.values() for request_id in ids}


@dataclass
class Client:
    """Submits, believes nobody, sometimes cancels.

    pause_s   between two requests, on average.
    """

    urls: Sequence[str]
    api_key: str
    webhook: str
    chosen: random.Random
    diary: Diary
    pause_s: float

    async def work(self, stop: asyncio.Event) -> None:
        """One request after the other until told to stop; the last one is still carried to its answer."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=5) as http:
            while not stop.is_set():
                key = uuid.UUID(int=self.chosen.getrandbits(128)).hex
                request_id = await self._submit(http, key)
                if self.chosen.random() < 0.05:  # a client that lost the answer
                    await self._submit(http, key)
                if self.chosen.random() < 0.1:
                    await asyncio.sleep(self.chosen.uniform(0, 0.4))
                    await self._cancel(http, request_id)
                await asyncio.sleep(self.chosen.uniform(0, 2 * self.pause_s))

    async def _submit(self, http: httpx.AsyncClient, key: str) -> str:
        delay_s = int(key[:4], 16) / 0xFFFF * LONGEST_DELAY_S  # one key, one body, however often it is sent
        body = {"prompt": "bars", "num_frames": 3, "width": 64, "height": 64, "delay_s": delay_s}
        params = {"webhook": self.webhook, "webhook_events": "completed,failed,cancelled"}
        while True:
            url = f"{self.chosen.choice(self.urls)}/v1/models/{MODEL}"
            try:
                answer = await http.post(url, json=body, params=params, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                self.diary.unanswered += 1
            else:
                if answer.status_code == 200:
                    request_id = str(answer.json()["request_id"])
                    self.diary.acknowledged.setdefault(key, set()).add(request_id)
                    return request_id
                self.diary.refused[answer.status_code] += 1
            await asyncio.sleep(RETRY_S)

    async def _cancel(self, http: httpx.AsyncClient, request_id: str) -> None:
        url = f"{self.chosen.choice(self.urls)}/v1/requests/{request_id}/cancel"
        params = {"running": "true"} if self.chosen.random() < 0.5 else {}
        with contextlib.suppress(httpx.HTTPError):
            answer = await http.post(url, params=params)
            if answer.status_code == 202 and answer.json()["outcome"] == "cancelled":
                self.diary.cancelled.add(request_id)


class Receiver:
    """Takes webhooks, verifies each, and is not always in the mood: some get a 500, some no answer at all."""

    def __init__(self, chosen: random.Random) -> None:
        self._chosen = chosen
        self._server: asyncio.Server | None = None
        self._port = 0
        self.secret = ""
        self.told: dict[str, list[str]] = {}
        """Types of the verified events of each request."""
        self.ids: Counter[str] = Counter()
        self.forged = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}/hook"

    @property
    def is_open(self) -> bool:
        """Does it listen?"""
        return self._server is not None

    async def open(self) -> None:
        """Listen; the second time on the port of the first."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                headers = _headers(head)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                mood = self._chosen.random()
                if mood < 0.03:
                    break
                status = b"500 Internal Server Error" if mood < 0.06 else self._note(body, headers)
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    def _note(self, body: bytes, headers: dict[str, str]) -> bytes:
        try:
            event = webhooks.verify(body, headers, self.secret)
        except WebhookVerificationError:
            self.forged += 1
            return b"401 Unauthorized"
        self.ids[event.id] += 1
        if self.ids[event.id] == 1:
            self.told.setdefault(str(event.data.get("request_id")), []).append(event.type)
        return b"204 No Content"


class Boor:
    """A worker that beats nobody, finishes long after its lease, and must be refused every time."""

    def __init__(self, urls: Sequence[str], token: str, lease_s: float, chosen: random.Random) -> None:
        self._urls = urls
        self._headers = {"Authorization": f"Bearer {token}", "X-Mutoscope-Worker": "boor"}
        self._lease_s = lease_s
        self._chosen = chosen
        self.refused = 0
        self.accepted = 0

    async def work(self, stop: asyncio.Event) -> None:
        """Hold an attempt past its lease, hand it in, and again."""
        async with httpx.AsyncClient(headers=self._headers, trust_env=False, timeout=5) as http:
            while not stop.is_set():
                with contextlib.suppress(httpx.HTTPError):
                    await self._one(http)
                await asyncio.sleep(self._chosen.uniform(1, 3))

    async def _one(self, http: httpx.AsyncClient) -> None:
        url = self._chosen.choice(self._urls) + "/worker/v1"
        claim = Claim("boor", ("testcard",), wait_s=0.0, protocol=VERSION)
        answer = await http.post(f"{url}/claim", json=encode(claim))
        if answer.status_code != 200:
            return
        held = decode(Assignment, answer.json())
        await asyncio.sleep(self._lease_s + 2.0)
        made = Stored(uuid.uuid4().hex, "video.mp4", "video/mp4", 3, "0" * 64)
        finish = Finish(held.attempt, outcome="completed", outputs=(made,))
        for _ in range(100):
            with contextlib.suppress(httpx.HTTPError):
                late = await http.post(f"{url}/requests/{held.request_id}/finish", json=encode(finish))
                if late.status_code < 500:
                    self.refused += late.status_code in (404, 409, 410)
                    self.accepted += late.status_code == 200
                    return
            await asyncio.sleep(RETRY_S)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs: list[tuple[str, Any]] = [line.split(":", 1) for line in lines if ":" in line]  # type: ignore[misc]
    return {name.strip().lower(): value.strip() for name, value in pairs}
