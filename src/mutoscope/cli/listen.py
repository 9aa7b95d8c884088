"""`mutoscope webhooks listen`: a receiver on this machine that prints and verifies what arrives, for trying out.

It listens on 127.0.0.1 only. A server delivers there only when its operator said so (MUTOSCOPE_FETCH_ALLOW).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click

from mutoscope.cli import exits, output
from mutoscope.cli.connect import connect, url_option
from mutoscope.client import Client, ClientError, InvalidInput, WebhookVerificationError, webhooks

HOST = "127.0.0.1"
LONGEST_BODY = 1 << 20
SILENCE_S = 10.0
HINT = (
    "this server does not deliver to addresses of this machine; "
    "start it with MUTOSCOPE_FETCH_ALLOW=127.0.0.0/8 to permit that"
)


class Receiver(ThreadingHTTPServer):
    """Prints every webhook; those that cannot be verified get 401. secrets: one of them must fit; none: not checked."""

    daemon_threads = True

    def __init__(self, port: int, *, as_json: bool, count: int | None) -> None:
        super().__init__((HOST, port), _Handler)
        self.secrets: tuple[str, ...] = ()
        self.enough = threading.Event()
        self._as_json = as_json
        self._left = count
        self._printing = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/"

    def receive(self, headers: dict[str, str], body: bytes) -> int:
        """Print one webhook; the status to answer with."""
        try:
            event = webhooks.verify(body, headers, self.secrets) if self.secrets else None
        except WebhookVerificationError as exc:
            output.say(f"refused: {exc}")
            return 401
        with self._printing:
            if event is None:
                output.emit(f"not verified\t{body.decode('utf-8', 'replace')}")
            elif self._as_json:
                output.emit_json_line({"webhook_id": event.id, **event.raw})
            else:
                facts = (event.data.get("state"), event.data.get("request_id"), event.data.get("error"))
                output.emit("\t".join(str(fact) for fact in (event.type, event.id, *facts) if fact))
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self.enough.set()
        return 204


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    timeout = SILENCE_S

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self._answer(413 if length.isdigit() else 411)
            return
        self._answer(self.server.receive(dict(self.headers.items()), self.rfile.read(int(length))))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@click.command("listen", epilog="Example: mutoscope webhooks listen --register")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 picks a free one.")
@click.option("--register", is_flag=True, help="Be an endpoint of the account until this command ends.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many [Ctrl-C].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@url_option
def command(port: int, *, register: bool, count: int | None, as_json: bool, url: str | None) -> None:
    """Receive webhooks on this machine, verify and print them.

    Without --register give the address it prints to a submit, or to an endpoint. The secret is read from
    MUTOSCOPE_WEBHOOK_SECRET, else the account's own is asked for, which needs a key of scope `admin`.
    """
    try:
        receiver = Receiver(port, as_json=as_json, count=count)
    except OSError as exc:
        output.say(f"Error: cannot listen on {HOST}:{port}: {exc.strerror}")
        raise click.exceptions.Exit(exits.USAGE) from exc
    with receiver, connect(url) as client, _known(client, receiver, register=register):
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        output.say(f"listening on {receiver.url}" + ("" if receiver.secrets else "; signatures are not checked"))
        before = signal.signal(signal.SIGTERM, lambda *_: receiver.enough.set())
        with contextlib.suppress(KeyboardInterrupt):
            receiver.enough.wait()
        signal.signal(signal.SIGTERM, before)
        receiver.shutdown()
        thread.join()


@contextlib.contextmanager
def _known(client: Client, receiver: Receiver, *, register: bool) -> Iterator[None]:
    """The receiver with its secrets; registered for as long as the block lasts, if that is asked for."""
    given = os.environ.get("MUTOSCOPE_WEBHOOK_SECRET")
    if not register:
        receiver.secrets = (given,) if given else _account_secret(client)
        yield
        return
    try:
        made = client.create_webhook(receiver.url, events=EVERYTHING, description="mutoscope webhooks listen")
    except InvalidInput as exc:
        if any(isinstance(problem, dict) and problem.get("path") == "url" for problem in exc.detail):
            output.say(f"Error: {HINT}")
            raise click.exceptions.Exit(exits.BAD_INPUT) from exc
        raise
    receiver.secrets = (made.secret, *_account_secret(client))
    try:
        yield
    finally:
        with contextlib.suppress(ClientError):  # a server that is gone sends nothing either
            client.delete_webhook(made.endpoint.endpoint_id)


EVERYTHING = ("in_queue", "in_progress", "completed", "failed", "cancelled")


def _account_secret(client: Client) -> tuple[str, ...]:
    try:
        return (client.webhook_secret().secret,)
    except ClientError as exc:
        output.say(f"the account's secret cannot be had: {exc}")
        return ()
