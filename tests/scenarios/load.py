"""Clients that keep servers at work while something fails."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

from tests.conftest import PLAIN
from tests.http.calls import SMALL, TESTCARD, until


@dataclass
class Load:
    """Clients that try again whatever they are answered, until one has been accepted."""

    urls: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    accepted: dict[str, set[str]] = field(default_factory=dict)
    retried: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Three clients, until the block ends."""
        clients = [threading.Thread(target=self.work, args=(number,), daemon=True) for number in range(3)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self.stop.set()
            for client in clients:
                client.join(90)
        assert not any(client.is_alive() for client in clients)

    def more(self) -> None:
        """Until more than ten others have been accepted."""
        before = len(self.accepted)
        until(lambda: len(self.accepted) > before + 10)

    def work(self, number: int) -> None:
        """One request after the other, now here, now there."""
        with httpx.Client(headers={"Authorization": "Bearer mk_alice"}, timeout=5, **PLAIN) as client:
            for turn in range(10_000):
                if self.stop.is_set():
                    return
                self._submit(client, uuid.uuid4().hex, turn + number)
                self.stop.wait(0.15)

    def _submit(self, client: httpx.Client, key: str, turn: int) -> None:
        for attempt in range(600):
            url = f"{self.urls[(turn + attempt) % len(self.urls)]}/v1/models/{TESTCARD}"
            with suppress(httpx.TransportError):
                answer = client.post(url, json=SMALL, headers={"Idempotency-Key": key})
                if answer.status_code == 200:
                    with self._lock:
                        self.accepted.setdefault(key, set()).add(answer.json()["request_id"])
                    return
                assert answer.status_code in (409, 503), answer.text
            with self._lock:
                self.retried += 1
            time.sleep(0.1)
