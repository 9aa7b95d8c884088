"""`mutoscope doctor --live URL`: does a running server do its work? Submits one test card, and says what it saw.

Everything goes through the door that callers use, so that what is found is what they would find.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from mutoscope.cli.checks import LOW_DISK_BYTES, Check
from mutoscope.cli.listen import Receiver
from mutoscope.client import Client, ClientError, InvalidInput, WebhookVerificationError, webhooks
from mutoscope.client.addresses import is_loopback

MODEL = "mutoscope/testcard"
SMALL = {"prompt": "mutoscope doctor", "num_frames": 2, "width": 32, "height": 32}
RUN_LIMIT_S = 60.0
HOOK_LIMIT_S = 15.0
SKEW_S = 5.0
"""Signed addresses and webhooks bear clocks that differ by minutes; more than this is worth knowing."""
OLD_QUEUE_S = 300.0
OLD_HOOK_S = 60.0


def look(url: str) -> Iterator[Check]:
    """Every check of a running server; ends after the first when nobody answers."""
    with Client(url) as client, httpx.Client(base_url=client.base_url, trust_env=not is_loopback(url)) as http:
        try:
            answer = http.get("/livez", timeout=5.0)
            answer.raise_for_status()
        except httpx.HTTPError as exc:
            yield Check(
                "reach", f"{client.base_url}: {exc}", is_ok=False, remedy="is it running? is the address right?"
            )
            return
        yield Check("reach", f"{client.base_url} in {answer.elapsed.total_seconds() * 1000:.0f} ms", is_ok=True)
        yield _clock(answer)
        yield _ready(http)
        has_key = _key(client)
        yield has_key
        if has_key.is_ok:
            yield from _inside(client)
            yield from _run(client)


def _clock(answer: httpx.Response) -> Check:
    try:
        skew_s = time.time() - parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError) as exc:
        return Check("clock", f"the server tells no time ({type(exc).__name__})", is_ok=False, is_required=False)
    remedy = "set both clocks by NTP: signed addresses and webhooks depend on them"
    return Check("clock", f"{abs(skew_s):.1f} s apart", abs(skew_s) <= SKEW_S, remedy=remedy)


def _ready(http: httpx.Client) -> Check:
    try:
        answer = http.get("/readyz", timeout=10.0)
        reasons = "; ".join(answer.json().get("reasons", [])) or "accepts work and has somebody to do it"
    except (httpx.HTTPError, ValueError) as exc:
        return Check("ready", str(exc), is_ok=False, remedy="look into the server's log")
    return Check("ready", reasons, answer.status_code == 200, remedy="wait for the workers, or look into their log")


def _key(client: Client) -> Check:
    remedy = "set MUTOSCOPE_API_KEY; a lost key is replaced by `mutoscope db reset-key`"
    try:
        client.balance()
    except ClientError as exc:
        return Check("key", str(exc), is_ok=False, remedy=remedy)
    return Check("key", "opens the server", is_ok=True)


def _inside(client: Client) -> Iterator[Check]:
    """What the server counts about itself."""
    try:
        text = client.metrics()
    except ClientError as exc:
        remedy = "use a key of scope `read` or `admin`"
        yield Check("metrics", str(exc), is_ok=False, is_required=False, remedy=remedy)
        return
    free = _largest(text, "mutoscope_disk_free_bytes")
    found, remedy = f"{free / 1e9:.1f} GB free", "make room, or shorten MUTOSCOPE_KEEP_OUTPUTS_S"
    yield Check("disk", found, free >= LOW_DISK_BYTES, is_required=False, remedy=remedy)
    workers = _largest(text, "mutoscope_workers_ready")
    yield Check("workers", f"{workers:.0f} heard of lately", workers > 0, remedy="start one: mutoscope worker")
    age_s = _largest(text, "mutoscope_queue_oldest_seconds")
    remedy = "more workers, or see what the present ones do: docs/how-to/runbook.md"
    yield Check("queue", f"oldest waits {age_s:.0f} s", age_s < OLD_QUEUE_S, is_required=False, remedy=remedy)
    lag_s = _largest(text, "mutoscope_webhook_lag_seconds")
    remedy = "see mutoscope webhooks deliveries --state pending"
    yield Check("webhook lag", f"{lag_s:.0f} s", lag_s < OLD_HOOK_S, is_required=False, remedy=remedy)


def _largest(text: str, name: str) -> float:
    found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+-]+)$", text, re.MULTILINE)
    return max(map(float, found), default=0.0)


class _Loop(Receiver):
    """Takes one webhook and remembers whether its signature fits."""

    verdict = ""

    def receive(self, headers: dict[str, str], body: bytes) -> int:
        """Judge what arrived."""
        try:
            if self.secrets:
                webhooks.verify(body, headers, self.secrets)
            self.verdict = "arrived, signature verified" if self.secrets else "arrived; its signature was not checked"
        except WebhookVerificationError as exc:
            self.verdict = f"refused: {exc}"
        self.enough.set()
        return 204


def _run(client: Client) -> Iterator[Check]:
    """One test card from the submit to the film, and the webhook of it where this machine may be told."""
    receiver = _Loop(0, as_json=False, count=1)
    threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        receiver.secrets = _secret(client)
        hook: str | None = receiver.url if is_loopback(client.base_url) else None
        began = time.monotonic()
        try:
            submitted = client.submit(MODEL, SMALL, webhook=hook)
        except InvalidInput:
            hook = None
            submitted = client.submit(MODEL, SMALL)
        with tempfile.TemporaryDirectory(prefix="mutoscope-doctor-") as folder:
            result = client.wait(submitted.request_id, timeout_s=RUN_LIMIT_S)
            film = client.save(result, Path(folder)).files[0]
            size = film.stat().st_size
        took_s = time.monotonic() - began
        yield Check("test card", f"{submitted.request_id}: {size} bytes in {took_s:.1f} s", size > 0)
        yield _hooked(receiver, hook)
        client.delete(submitted.request_id)
    except ClientError as exc:
        yield Check("test card", str(exc), is_ok=False, remedy="look at the request's events and the workers' log")
    finally:
        receiver.shutdown()
        receiver.server_close()


def _hooked(receiver: _Loop, hook: str | None) -> Check:
    if hook is None:
        found = "not tried: the server does not deliver to this machine"
        remedy = "start it with MUTOSCOPE_FETCH_ALLOW=127.0.0.0/8 to try it here"
        return Check("webhook", found, is_ok=False, is_required=False, remedy=remedy)
    is_there = receiver.enough.wait(HOOK_LIMIT_S)
    remedy = "see mutoscope webhooks deliveries: every try and its answer is there"
    return Check(
        "webhook", receiver.verdict or "did not arrive", is_there and "refused" not in receiver.verdict, remedy=remedy
    )


def _secret(client: Client) -> tuple[str, ...]:
    try:
        return (client.webhook_secret().secret,)
    except ClientError:
        return ()  # a key without the scope `admin`: what arrives is believed
