"""A receiver of webhooks on loopback, and its own idea of how a signature is checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.http.calls import until

Answer = int | Callable[["Receiver"], int]


@dataclass(frozen=True)
class Got:
    """One webhook as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    @property
    def content(self) -> bytes:
        """What was signed."""
        return f"{self.event_id}.{self.headers['webhook-timestamp']}.".encode() + self.body

    def signatures(self, version: str) -> list[bytes]:
        """Those of one scheme, decoded."""
        pairs = [text.split(",", 1) for text in self.headers["webhook-signature"].split(" ")]
        return [base64.b64decode(value) for name, value in pairs if name == version]

    def is_signed_by(self, secret: str) -> bool:
        """By the words of the Standard Webhooks specification."""
        key = base64.b64decode(secret[len("whsec_") :])
        return hmac.new(key, self.content, hashlib.sha256).digest() in self.signatures("v1")

    def check_site(self, jwk: Mapping[str, str]) -> None:
        """Raises InvalidSignature unless the site's own key signed it."""
        public = base64.urlsafe_b64decode(jwk["x"] + "=" * (-len(jwk["x"]) % 4))
        Ed25519PublicKey.from_public_bytes(public).verify(self.signatures("v1a")[0], self.content)


@dataclass
class Receiver:
    """What arrived, by path; answers are used up in order, then it is 200."""

    url: str
    got: list[Got] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def at(self, path: str, *answers: Answer) -> str:
        """An address of its own, that answers like this first."""
        self.answers[path] = list(answers)
        return self.url + path

    def of(self, path: str) -> list[Got]:
        """What arrived there."""
        return [got for got in self.got if got.path == path]

    def wait(self, path: str, count: int = 1, *, timeout_s: float = 60.0) -> list[Got]:
        """What arrived there, once there is so much."""
        until(lambda: len(self.of(path)) >= count, timeout_s=timeout_s)
        return self.of(path)


def silent(_: Receiver) -> int:
    """A receiver that thinks for longer than anybody waits."""
    time.sleep(600)
    return 200


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver on a free port, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(Got(self.path, headers, body))
            answers = receiver.answers.get(self.path, [])
            answer = answers.pop(0) if answers else 200
            status = answer(receiver) if callable(answer) else answer
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            del request, client_address  # the sender may hang up

    server = Quiet(("127.0.0.1", port), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
