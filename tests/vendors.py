"""Vendors' APIs as small servers of facts: what they answer to a submit, a look and a cancel. No media is made."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.http.media import png

KEY = "vendor-key-0123456789"
OUTPUT = png(64, 48)
WORDS = "the pixels are tired"
"""Why a request fails when it is told to."""


class Job:
    """One request at a vendor: what it was submitted with, how often it was looked at, and how it stands."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.looks = 0
        self.is_cancelled = False

    @property
    def stage(self) -> str:
        """It waits at the first look, runs at the second, and is over at the third, unless it shall run for ever."""
        self.looks += 1
        if self.is_cancelled:
            return "cancelled"
        if self.looks == 1:
            return "queued"
        if self.looks == 2 or "endless" in json.dumps(self.body):
            return "running"
        return "failed" if "failing" in json.dumps(self.body) else "done"


class Vendor:
    """A server on loopback. Subclasses know one vendor's words.

    lose      answers to submits that are lost after the request was taken.
    busy      submits that are answered with 429.
    down      calls whose connection is dropped before they are read.
    """

    name: str
    scheme = "Bearer"
    is_idempotent = False
    can_cancel = True
    model = "studio/card"

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.lose = self.busy = self.down = 0
        self.refuse: tuple[int, Any] | None = None
        self.submits = 0
        self.keys: dict[str, str] = {}
        self.headers: Mapping[str, str] = {}
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def take(self, body: Any, key: str = "") -> str:
        """A new request; its id."""
        if key in self.keys:
            return self.keys[key]
        job_id = f"job-{next(self._numbers)}"
        self.jobs[job_id] = Job(body)
        if key:
            self.keys[key] = job_id
        return job_id

    @property
    def output(self) -> str:
        """Where the one output is."""
        return f"{self.url}/media/out.png"

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        """The answer to a submit, or None when the path is no submit."""
        raise NotImplementedError

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """The answer to any other call."""
        raise NotImplementedError

    def inputs(self, job: Job) -> Mapping[str, Any]:
        """The model's inputs that a request was submitted with."""
        found: Mapping[str, Any] = job.body
        return found

    def answer(self, method: str, path: str, raw: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
        """Status and body; status 0 drops the connection."""
        if path == "/media/out.png":
            return 200, OUTPUT
        if self.down:
            self.down -= 1
            return 0, None
        if headers.get("authorization") != f"{self.scheme} {KEY}":
            return 401, {"detail": "who are you?"}
        self.headers = headers
        body = json.loads(raw) if headers.get("content-type") == "application/json" else raw
        if method == "POST" and "/cancel" not in path and (not isinstance(body, bytes) or not self.uploads(path)):
            return self._submitted(path, body, headers)
        return self.other(method, path, body)

    def uploads(self, path: str) -> bool:
        """Whether files are handed in here."""
        return False

    def _submitted(self, path: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        self.submits += 1
        if self.busy:
            self.busy -= 1
            return 429, {"message": "slow down"}
        if self.refuse:
            return self.refuse
        told = self.submit(path, body, headers)
        if self.lose:
            self.lose -= 1
            return 0, None
        return 200, told


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = vendor.answer(self.command, self.path, raw, headers)
            if not status:
                self.close_connection = True
                return
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "image/png" if isinstance(body, bytes) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Be quiet."""

    return Handler


class Mutoscope(Vendor):
    """Ours, as docs/reference/http-api.md has it."""

    name = "mutoscope"
    is_idempotent = True

    def uploads(self, path: str) -> bool:
        return path.startswith("/v1/files")

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        assert path == "/v1/models/studio/card", path
        return {"request_id": self.take(body, headers.get("idempotency-key", ""))}

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path.startswith("/v1/files"):
            return 201, {"file_id": "f", "url": f"{self.url}/v1/files/f/input.png?signature=s"}
        job_id = path.split("/")[3]
        job = self.jobs[job_id]
        if path.endswith("/cancel?running=true"):
            job.is_cancelled = True
            return 202, {"status": "cancelled", "outcome": "cancelled"}
        word = {"queued": "in_queue", "running": "in_progress", "done": "completed"}.get(stage := job.stage, stage)
        told = {"request_id": job_id, "state": word, "progress": 0.5, "stage": "drawing", "cost": 0.25, "error": None}
        told |= {"queue_position": 3} if stage == "queued" else {}
        told |= {"error": WORDS} if stage == "failed" else {}
        told |= {"output": {"image": self.output}, "metadata": {"plan": {"applied": ["a"], "ignored": ["b"]}}}
        return 200, told


class RunComfy(Vendor):
    """contract.md: the body is the input, failures show in the result alone, cost on demand, no idempotency."""

    name = "runcomfy"

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        assert path == "/v1/models/studio/card", path
        assert "idempotency-key" not in headers
        return {"request_id": self.take(body), "status_url": "x", "result_url": "x", "cancel_url": "x"}

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        job_id = path.split("/")[3]
        job = self.jobs[job_id]
        if path.endswith("/cancel"):
            job.is_cancelled = True
            return 202, {"request_id": job_id, "status": "cancelled", "outcome": "cancelled"}
        if path.endswith("/status"):
            return 200, {"request_id": job_id, "status": "in_queue", "queue_position": 3}
        assert path.endswith("/result?include_cost=true"), path
        word = {"queued": "in_queue", "running": "in_progress", "done": "succeeded"}.get(stage := job.stage, stage)
        told: dict[str, Any] = {"request_id": job_id, "status": word, "created_at": "2026-01-02T03:04:05.123456+00:00"}
        told |= {"output": {"image": self.output}, "cost": 0.25} if stage == "done" else {}
        told |= {"error": WORDS} if stage == "failed" else {}
        return 200, told


class Fal(Vendor):
    """dialects.md 3.1: three states, failures are completed and told by the result's own status."""

    name = "fal"
    scheme = "Key"
    model = "studio/card/image-to-video"

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        assert path == "/studio/card/image-to-video", path
        return {"status": "IN_QUEUE", "request_id": self.take(body), "queue_position": 3}

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        *_, job_id = path.partition("/studio/card/requests/")
        job_id, _, word = job_id.partition("/")
        job = self.jobs[job_id]
        if word == "cancel":
            assert method == "PUT"
            job.is_cancelled = True
            return 202, {"status": "CANCELLATION_REQUESTED"}
        if word == "":
            if "failing" in json.dumps(job.body):
                return 422, {"detail": [{"loc": [], "msg": WORDS, "type": "value_error"}]}
            return 200, {"images": [{"url": self.output, "width": 64}], "timings": {"inference": 0.1}}
        stage = job.stage
        if stage == "queued":
            return 202, {"status": "IN_QUEUE", "queue_position": 3}
        if stage == "running":
            return 202, {"status": "IN_PROGRESS", "logs": None}
        return 200, {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": 0.1}}


class Replicate(Vendor):
    """dialects.md 3.2: an envelope, uploads, a tqdm line in the log."""

    name = "replicate"

    def uploads(self, path: str) -> bool:
        return path == "/v1/files"

    def inputs(self, job: Job) -> Mapping[str, Any]:
        found: Mapping[str, Any] = job.body["input"]
        return found

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        assert path == "/v1/models/studio/card/predictions", path
        return {"id": self.take(body), "status": "starting", "output": None, "error": None}

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/v1/files":
            assert b'name="content"; filename="input"' in body and b"Content-Type: image/png" in body
            return 201, {"id": "f", "urls": {"get": f"{self.url}/v1/files/f"}}
        job_id = path.split("/")[3]
        job = self.jobs[job_id]
        if path.endswith("/cancel"):
            job.is_cancelled = True
            return 200, {"id": job_id, "status": "canceled"}
        words = {"queued": "starting", "running": "processing", "done": "succeeded", "cancelled": "canceled"}
        word = words.get(stage := job.stage, stage)
        told: dict[str, Any] = {"id": job_id, "status": word, "logs": " 10%|#| 1/10\n 50%|##| 5/10", "output": None}
        told |= {"output": [self.output]} if stage == "done" else {}
        return 200, told | ({"error": WORDS} if stage == "failed" else {"error": None})


class OpenAIVideos(Vendor):
    """dialects.md 4.4: a form with every value as text, a film that is shown to who has the key, delete for cancel."""

    name = "openai-videos"

    def inputs(self, job: Job) -> Mapping[str, Any]:
        fields: dict[str, Any] = dict(job.body)
        assert fields.pop("model") == "studio/card"
        return fields | {"seed": int(fields["seed"])}

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        assert path == "/v1/videos", path
        message = BytesParser().parsebytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body)
        fields = {}
        for part in message.get_payload():
            assert isinstance(part, Message)
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            is_file = part.get_filename() is not None
            text = f"data:{part.get_content_type()};base64,{len(content)}" if is_file else content.decode()
            fields[str(part.get_param("name", header="content-disposition"))] = text
        return {"id": self.take(fields), "object": "video", "status": "queued", "progress": 0}

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        job_id = path.split("/")[3]
        job = self.jobs[job_id]
        if path.endswith("/content"):
            return 200, OUTPUT
        if method == "DELETE":
            job.is_cancelled = True
            return 200, {"id": job_id, "object": "video.deleted", "deleted": True}
        words = {"running": "in_progress", "done": "completed"}
        told = {"id": job_id, "object": "video", "status": words.get(stage := job.stage, stage), "progress": 50}
        return 200, told | {"error": {"code": "x", "message": WORDS} if stage == "failed" else None}


class Ark(Vendor):
    """ByteDance's task API: contents in, a film's address out; only what waits is taken back."""

    name = "ark"

    def inputs(self, job: Job) -> Mapping[str, Any]:
        assert job.body["model"] == "studio/card"
        text, picture = job.body["content"]
        assert set(picture) == {"type", "image_url"}
        return {"prompt": text["text"], "image_url": picture["image_url"]["url"], "seed": job.body["seed"]}

    def submit(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        assert path == "/contents/generations/tasks", path
        return {"id": self.take(body)}

    def other(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        job_id = path.rpartition("/")[2]
        job = self.jobs[job_id]
        if method == "DELETE":
            job.is_cancelled = True
            return 200, {}
        word = {"done": "succeeded"}.get(stage := job.stage, stage)
        told: dict[str, Any] = {"id": job_id, "model": "studio/card", "status": word, "error": None}
        told |= {"content": {"video_url": self.output}} if stage == "done" else {}
        return 200, told | ({"error": {"code": "x", "message": WORDS}} if stage == "failed" else {})


VENDORS: tuple[type[Vendor], ...] = (Mutoscope, RunComfy, Fal, Replicate, OpenAIVideos, Ark)
