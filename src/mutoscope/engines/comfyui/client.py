"""HTTP with one ComfyUI server, and nobody else: no proxies, no redirects, nothing from the environment.

Every call raises Away when the server cannot be reached, which another try may mend, and EngineError for an answer
that is no use. Messages of its websocket are in `messages`; who calls what and when, in `following`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from mutoscope.engines.comfyui.workflow import Graph
from mutoscope.errors import EngineError

CONNECT_S, ANSWER_S = 5.0, 60.0
LOOK_S = 3.0
"""How long a server may take to say how much waits there."""
MOST_BYTES = 4 << 30
"""The largest output that is fetched."""
CHUNK_BYTES = 1 << 18


class Away(EngineError):
    """The server does not answer.

    refused   nobody listens there: it has ended, and with it everything that it had in memory.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message, retryable=True)
        self.refused = refused


class Refused(EngineError):
    """The server does not accept a workflow. told: its answer."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__("ComfyUI does not accept the workflow")
        self.told = told


@dataclass(frozen=True, slots=True)
class Queued:
    """One prompt in a server's queue. client_id: who asked for it."""

    prompt_id: str
    client_id: str
    running: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt that is over: its outputs by node, `success` or `error`, and the messages that it ended with."""

    prompt_id: str
    outputs: Mapping[str, Any]
    status: str
    messages: tuple[tuple[str, Mapping[str, Any]], ...]


class Client:
    """Calls to the server at this address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx.Client(
            base_url=address + "/", timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S), trust_env=False
        )

    @property
    def socket_address(self) -> str:
        """Where its websocket is."""
        return "ws" + self.address.removeprefix("http") + "/ws"

    def upload(self, path: Path, name: str) -> str:
        """Put a file into ComfyUI's folder of inputs; the name that nodes take it by."""
        with path.open("rb") as file:
            told = self._json(
                "POST", "upload/image", files={"image": (name, file)}, data={"overwrite": "true", "type": "input"}
            )
        stored, below = str(told.get("name", name)), str(told.get("subfolder") or "")
        return f"{below}/{stored}" if below else stored

    def submit(
        self, graph: Graph, *, prompt_id: str, client_id: str, extra_data: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, Any]]:
        """Queue a workflow. Returns the id it has there, and what is wrong with outputs that will not be made.

        Raises Refused with what the server says about the nodes.
        """
        body = {"prompt": graph, "client_id": client_id, "prompt_id": prompt_id, "extra_data": dict(extra_data)}
        with self._errors():
            answer = self._http.post("prompt", content=orjson.dumps(body), headers={"Content-Type": "application/json"})
        told = _object(answer)
        if answer.status_code == 400 and ("error" in told or "node_errors" in told):
            raise Refused(told)
        self._accept(answer)
        if not isinstance(told.get("prompt_id"), str):
            raise EngineError(f"ComfyUI at {self.address} queued a workflow without saying its id")
        wrong = told.get("node_errors")
        return told["prompt_id"], wrong if isinstance(wrong, dict) else {}

    def queue(self) -> tuple[Queued, ...]:
        """What runs and waits there."""
        told = self._json("GET", "queue", timeout=LOOK_S)
        return (
            *(_queued(item, running=True) for item in told.get("queue_running", ())),
            *(_queued(item, running=False) for item in told.get("queue_pending", ())),
        )

    def entry(self, prompt_id: str) -> Entry | None:
        """How a prompt ended; None while it has not, or when the server knows nothing of it."""
        found = self._json("GET", f"history/{prompt_id}").get(prompt_id)
        return None if found is None else _entry(prompt_id, found)

    def entry_of_client(self, client_id: str) -> Entry | None:
        """The prompt that this client asked for, if it is over, whatever its id."""
        for prompt_id, found in self._json("GET", "history", params={"max_items": 200}).items():
            if _client_id(found.get("prompt")) == client_id:
                return _entry(prompt_id, found)
        return None

    def download(self, file: Mapping[str, Any], target: Path) -> None:
        """Fetch what a node made."""
        where = {name: str(file.get(name, "")) for name in ("filename", "subfolder", "type")}
        size_bytes = 0
        with self._errors(), self._http.stream("GET", "view", params=where) as answer, target.open("wb") as into:
            self._accept(answer)
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                size_bytes += into.write(chunk)
                if size_bytes > MOST_BYTES:
                    raise EngineError(f"ComfyUI made a file of more than {MOST_BYTES >> 30} GiB")

    def forget(self, prompt_id: str) -> None:
        """Take a prompt that waits out of the queue."""
        self._call("POST", "queue", json={"delete": [prompt_id]})

    def interrupt(self, prompt_id: str) -> None:
        """Stop what runs; newer servers only if it is this one."""
        self._call("POST", "interrupt", json={"prompt_id": prompt_id})

    def free(self) -> None:
        """Ask for GPU memory to be given back."""
        self._call("POST", "free", json={"unload_models": True, "free_memory": True})

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def _call(self, method: str, path: str, **given: Any) -> httpx.Response:
        with self._errors():
            answer = self._http.request(method, path, **given)
        self._accept(answer)
        return answer

    def _json(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        return _object(self._call(method, path, **given))

    def _accept(self, answer: httpx.Response) -> None:
        if answer.status_code >= 500:
            raise Away(f"ComfyUI at {self.address} answered {answer.status_code}")
        if not answer.is_success:
            raise EngineError(f"ComfyUI at {self.address} answered {answer.status_code} to {answer.request.url.path}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as exc:
            raise Away(f"nobody answers at {self.address}; is ComfyUI running?", refused=True) from exc
        except (httpx.RequestError, httpx.StreamError) as exc:
            raise Away(f"ComfyUI at {self.address} did not answer: {type(exc).__name__}") from exc


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _queued(item: Any, *, running: bool) -> Queued:
    """Of `[number, prompt_id, prompt, extra_data, outputs]`."""
    prompt_id = str(item[1]) if isinstance(item, list) and len(item) > 1 else ""
    return Queued(prompt_id, _client_id(item), running)


def _client_id(item: Any) -> str:
    extra = item[3] if isinstance(item, list) and len(item) > 3 else None
    return str(extra.get("client_id", "")) if isinstance(extra, dict) else ""


def _entry(prompt_id: str, found: Mapping[str, Any]) -> Entry:
    status = found.get("status") or {}
    messages = tuple(
        (str(one[0]), one[1])
        for one in status.get("messages", ())
        if isinstance(one, list) and len(one) == 2 and isinstance(one[1], dict)
    )
    return Entry(prompt_id, found.get("outputs") or {}, str(status.get("status_str", "success")), messages)
