"""One prompt on one ComfyUI server, from the queue to its end: listen, look, come back when the server does.

A prompt is known by an id and a client id of ours, written down before it is sent. Whether it runs is never guessed
from silence: queue and history say it, so nothing is sent twice. Read after `client` and `messages`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import ClientConnection, connect

from mutoscope.engines.comfyui.client import CONNECT_S, Away, Client, Entry
from mutoscope.engines.comfyui.messages import GREETING, Course
from mutoscope.errors import EngineError

TURN_S = 0.25
"""How soon a wish to stop is seen."""
POLL_S = 5.0
"""A frame may get lost with a connection; queue and history are looked at this often besides."""
ENDING_S = 30.0
"""How long a server may take to write down a prompt that it called over."""
AWAY_S = 30.0
"""How long a server may be away before we do without it."""
PAUSES_S = (0.1, 0.25, 0.5, 1.0, 2.0)
FRAME_BYTES = 16 << 20


class Gone(Exception):
    """The server knows nothing of the prompt: it was started anew, or somebody removed it."""


class Stopped(EngineError):
    """The request was taken back."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Where a workflow was sent, and what it is known by there."""

    server: str
    prompt_id: str
    client_id: str

    @classmethod
    def remembered(cls, values: Mapping[str, Any]) -> Prompt | None:
        """What an earlier attempt wrote down, if there was one."""
        found = values.get("comfyui")
        return cls(**found) if isinstance(found, dict) else None

    def memo(self) -> dict[str, Any]:
        """What the next attempt has to know."""
        return {"comfyui": asdict(self)}


class Following:
    """Follows a prompt. heard: is told of progress (0 … 1) and of previews while it runs."""

    def __init__(
        self,
        client: Client,
        prompt: Prompt,
        nodes: Collection[str],
        *,
        is_stopped: Callable[[], bool],
        heard: Callable[[float, bytes | None], None],
    ) -> None:
        self._client = client
        self._prompt = prompt
        self._course = Course(prompt.prompt_id, nodes)
        self._is_stopped = is_stopped
        self._heard = heard
        self._has_socket = True

    def until_over(self) -> Entry:
        """Wait for the end. Raises Gone, Stopped, and Away when the server stays silent."""
        away_since: float | None = None
        tries = 0
        while True:
            try:
                if entry := self._listen() if self._has_socket else self._poll():
                    return entry
                away_since, tries = None, 0
            except Away as exc:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > AWAY_S:
                    if exc.refused:
                        raise Gone from exc
                    raise
                self._wait(PAUSES_S[min(tries, len(PAUSES_S) - 1)])
                tries += 1

    def withdraw(self) -> None:
        """Take it out of the queue, or stop it where it runs; nobody else's is touched."""
        for _ in range(2):  # one that waited may have begun in between
            mine = [one for one in self._client.queue() if self._is_mine(one.prompt_id, one.client_id)]
            for one in mine:
                (self._client.interrupt if one.running else self._client.forget)(one.prompt_id)
            if all(one.running for one in mine):
                return

    def _listen(self) -> Entry | None:
        """Hear its messages until it is over; None when the connection was lost."""
        try:
            with self._connected() as socket:
                socket.send(GREETING)
                while not self._course.ended:
                    if entry := self._look():
                        return entry
                    self._hear(socket, until=time.monotonic() + POLL_S)
                return self._written_down()
        except InvalidHandshake:  # HTTP works and this does not: something in between knows no websockets
            self._has_socket = False
            return None
        except (OSError, WebSocketException) as exc:
            refused = isinstance(exc, ConnectionRefusedError)
            raise Away(f"the connection to ComfyUI at {self._client.address} was lost", refused=refused) from exc

    def _connected(self) -> ClientConnection:
        return connect(
            f"{self._client.socket_address}?clientId={self._prompt.client_id}",
            open_timeout=CONNECT_S,
            close_timeout=1,
            max_size=FRAME_BYTES,
            proxy=None,
        )

    def _hear(self, socket: ClientConnection, *, until: float) -> None:
        while not self._course.ended and time.monotonic() < until:
            self._check()
            try:
                frame = socket.recv(timeout=TURN_S)
            except TimeoutError:
                continue
            picture = self._course.hear(frame)
            self._heard(self._course.fraction, picture)

    def _poll(self) -> Entry | None:
        """Without a websocket: look, and wait a while."""
        if entry := self._look():
            return entry
        self._wait(1.0)
        return None

    def _written_down(self) -> Entry:
        """Its entry in the history, which is made a moment after the last message."""
        until = time.monotonic() + ENDING_S
        while time.monotonic() < until:
            if entry := self._look():
                return entry
            self._wait(0.05)
        raise EngineError(f"ComfyUI at {self._client.address} ended a workflow and keeps it in its queue")

    def _look(self) -> Entry | None:
        """How it ended; None while it waits or runs. First the queue: what leaves it is in the history by then."""
        self._check()
        prompt_id = self._prompt.prompt_id
        for one in self._client.queue():
            if self._is_mine(one.prompt_id, one.client_id):
                self._course.prompt_id = one.prompt_id
                return None
        entry = self._client.entry(self._course.prompt_id) or self._client.entry(prompt_id)
        entry = entry or self._client.entry_of_client(self._prompt.client_id)
        if entry is None:
            raise Gone
        return entry

    def _is_mine(self, prompt_id: str, client_id: str) -> bool:
        return prompt_id == self._prompt.prompt_id or client_id == self._prompt.client_id

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            time.sleep(min(left, TURN_S))

    def _check(self) -> None:
        if self._is_stopped():
            raise Stopped("the request was taken back")
