"""The blocking client: a loop that performs the protocol's steps, and the methods people call.

Nothing is decided here; see `protocol`. `aio` is the same loop with `await`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import httpx

from . import transport, values
from .credentials import find
from .key_calls import submit_terms
from .owner import Owner
from .protocol import Protocol
from .quote_values import InputCheck, Quote
from .steps import Close, Emit, Open, Read, Retry, Run, Script, Sleep, Step
from .webhook_calls import wanted
from .webhook_values import NewWebhookEndpoint, WebhookDelivery, WebhookEndpoint, WebhookSecret

T = TypeVar("T")


class Client:
    """A Mutoscope server, or any that speaks RunComfy's Model API.

    base_url      else MUTOSCOPE_URL, else the credentials file, else http://127.0.0.1:8000.
    api_key       else MUTOSCOPE_API_KEY, else the credentials file.
    timeout_s     longest silence of one call, not the time a request may take.
    retry         for GETs and submits; Retry(attempts=1) turns trying again off.
    local_paths   False: a string is never read as a local path. Say so when the inputs come from strangers.

    One client may be used by several threads. Raises BadArgument for an address or key that cannot be one.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        *,
        retry: Retry | None = None,
        local_paths: bool = True,
    ) -> None:
        credentials = find(base_url, api_key)
        self.base_url = credentials.url
        self.has_key = credentials.api_key is not None
        self._timeout_s = timeout_s
        self._protocol = Protocol(credentials, retry=retry or Retry(), local_paths=local_paths)
        self.owner = Owner(self._protocol, self._drive)
        self._http = httpx.Client(**transport.settings(credentials))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def run(
        self,
        model_id: str,
        inputs: Mapping[str, Any],
        *,
        on_event: Callable[[values.Event], object] | None = None,
        timeout_s: float | None = None,
        output_dir: str | Path | None = None,
        idempotency_key: str | None = None,
        priority: str | None = None,
        expires_in_s: int | None = None,
        time_limit_s: int | None = None,
        use_cache: bool | None = None,
    ) -> values.Result:
        """Submit and wait for the result; with `output_dir`, save its outputs there (`Result.files`).

        Leaving early (Ctrl-C, the time limit, an error in on_event) cancels the request, running or not.
        Raises RunFailed, RunCancelled, WaitTimedOut, APIError, ConnectionFailed.
        """
        folder = None if output_dir is None else Path(output_dir)
        terms = submit_terms(priority, expires_in_s, time_limit_s)
        script = self._protocol.run(
            model_id, inputs, idempotency_key, timeout_s, folder, terms=terms, use_cache=use_cache
        )
        return self._drive(script, on_event)

    def submit(
        self,
        model_id: str,
        inputs: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        webhook: str | None = None,
        webhook_events: tuple[str, ...] | None = None,
        priority: str | None = None,
        expires_in_s: int | None = None,
        time_limit_s: int | None = None,
        use_cache: bool | None = None,
    ) -> values.Submitted:
        """Hand a request in; local files among the inputs are uploaded first.

        webhook          an address to be told at, signed with the account's `webhook_secret`.
        webhook_events   states to be told of; the terminal ones when not given.
        priority         `high`, `normal` or `low`, as far as the key may ask for it.
        expires_in_s     it fails if it is not started within this time.
        time_limit_s     seconds one attempt may take, at most the model's own limit.
        use_cache        whether an earlier output of an equal request with the same seed will do; None: by the key.
        """
        terms = submit_terms(priority, expires_in_s, time_limit_s)
        script = self._protocol.submit(
            model_id, inputs, idempotency_key, webhook, webhook_events, terms=terms, use_cache=use_cache
        )
        return self._drive(script)

    def quote(self, model_id: str, inputs: Mapping[str, Any]) -> Quote:
        """What such a request would cost and take; local files among the inputs are uploaded for it."""
        return self._drive(self._protocol.quote(model_id, inputs))

    def check_input(self, model_id: str, field: str, url: str) -> InputCheck:
        """Whether the file behind an address would do for a field of the model, before it is submitted."""
        return self._drive(self._protocol.check_input(model_id, field, url))

    def wait(
        self,
        request_id: str,
        *,
        on_event: Callable[[values.Event], object] | None = None,
        timeout_s: float | None = None,
        cancel_when_left: bool = True,
    ) -> values.Result:
        """The second half of `run`, for a request handed in before."""
        return self._drive(self._protocol.wait(request_id, timeout_s, cancel_when_left), on_event)

    def status(self, request_id: str) -> values.Status:
        return self._drive(self._protocol.status(request_id))

    def result(self, request_id: str) -> values.Result:
        """How the request stands now; never raises for a request that failed."""
        return self._drive(self._protocol.result(request_id))

    def cancel(self, request_id: str, *, running: bool = False) -> values.Cancellation:
        """Take a request out of the queue; with `running`, stop it while it runs as well."""
        return self._drive(self._protocol.cancel(request_id, running))

    def delete(self, request_id: str) -> None:
        """Remove an ended request and its outputs."""
        self._drive(self._protocol.delete(request_id))

    def events(self, request_id: str, last_event_id: int | None = None) -> Iterator[values.Event]:
        """What happens to a request, as it happens, until it has ended."""
        return self._iterate(self._protocol.events(request_id, last_event_id))

    def request(self, request_id: str) -> values.RequestInfo:
        return self._drive(self._protocol.request(request_id))

    def requests(
        self,
        *,
        model: str | None = None,
        state: str | None = None,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> Iterator[values.RequestInfo]:
        """Requests, newest first; pages are asked for as they are needed. limit: at most so many in all."""
        filters = {"model": model, "state": state, "after": after, "before": before}
        return self._iterate(self._protocol.requests(filters, limit))

    def poster(self, request_id: str) -> bytes:
        """The JPEG that stands for the output."""
        return self._drive(self._protocol.poster(request_id))

    def upload(self, source: str | Path | IO[bytes] | bytes, name: str | None = None) -> values.UploadedFile:
        """Store a file on the server; a str is a path."""
        return self._drive(self._protocol.upload(source, name))

    def download(
        self, url: str, target: str | Path, *, on_progress: Callable[[values.Transfer], object] | None = None
    ) -> Path:
        """Save an output; target is a file, or a folder that exists. The file is complete or absent."""
        return self._drive(self._protocol.download(url, Path(target)), on_progress)

    def save(
        self,
        result: values.Result,
        folder: str | Path,
        *,
        on_progress: Callable[[values.Transfer], object] | None = None,
    ) -> values.Result:
        """Save every output of a result as `<request_id>_<n>.<suffix>`; the answer names the files."""
        return self._drive(self._protocol.save(result, Path(folder), report=True), on_progress)

    def models(
        self,
        *,
        search: str | None = None,
        category: str | None = None,
        kind: str | None = None,
        include_schema: bool = False,
    ) -> tuple[values.Model, ...]:
        filters = {"search": search, "category": category, "kind": kind}
        return self._drive(self._protocol.models(filters, include_schema))

    def model(self, model_id: str) -> values.Model:
        """One model with its input schema."""
        return self._drive(self._protocol.model(model_id))

    def keys(self, *, account: str | None = None) -> tuple[values.Key, ...]:
        """Every key of the account; the owner of the site may name another one."""
        return self._drive(self._protocol.keys.all(account))

    def key(self, key_id: str | None = None, *, account: str | None = None) -> values.Key:
        """One key with its limits and what is `used` of them; without an id the one this client shows."""
        script = self._protocol.keys.own() if key_id is None else self._protocol.keys.one(key_id, account)
        return self._drive(script)

    def create_key(
        self,
        name: str,
        scopes: tuple[str, ...] = ("run", "read"),
        *,
        expires_in_s: int | None = None,
        limits: Mapping[str, Any] | None = None,
        account: str | None = None,
        networks: tuple[str, ...] = (),
    ) -> values.NewKey:
        """Make a key; `secret` is told this once. The owner may open another account by naming it.

        limits     such as {"max_running": 2, "spending": {"usd": 20, "period": "month"}}; none when not given.
        networks   where it may be used from, such as `10.0.0.0/8`; anywhere when empty.
        """
        return self._drive(
            self._protocol.keys.create(name, scopes, expires_in_s, limits, account=account, networks=networks)
        )

    def change_key(
        self,
        key_id: str,
        *,
        name: str | None = None,
        limits: Mapping[str, Any] | None = None,
        account: str | None = None,
    ) -> values.Key:
        """Give a key another name or other limits; those not named stay, None takes one away."""
        return self._drive(self._protocol.keys.change(key_id, name, limits, account))

    def revoke_key(self, key_id: str, *, account: str | None = None) -> None:
        self._drive(self._protocol.keys.revoke(key_id, account))

    def rotate_key(self, key_id: str, *, overlap_s: int | None = None, account: str | None = None) -> values.NewKey:
        """Another secret for a key; the present one goes on opening for the overlap, a day when not given."""
        return self._drive(self._protocol.admin.rotate_key(key_id, overlap_s, account))

    def metrics(self) -> str:
        """What the server counts, in Prometheus' text format."""
        return self._drive(self._protocol.admin.metrics())

    def audit(
        self,
        *,
        account: str | None = None,
        everything: bool = False,
        action: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Administrative acts, newest first; of other accounts only for the owner of the site."""
        filters = {"account": account, "all": "true" if everything else None, "action": action, "after": after}
        return self._iterate(self._protocol.admin.audit(filters, limit))

    def usage(self, since: str | None = None, until: str | None = None) -> values.Usage:
        return self._drive(self._protocol.usage(since, until))

    def balance(self) -> values.Balance:
        return self._drive(self._protocol.balance())

    def webhooks(self) -> tuple[WebhookEndpoint, ...]:
        """Every endpoint of the account. To verify what arrives there: `mutoscope.client.webhooks.verify`."""
        return self._drive(self._protocol.webhooks.endpoints())

    def webhook(self, endpoint_id: str) -> WebhookEndpoint:
        return self._drive(self._protocol.webhooks.endpoint(endpoint_id))

    def create_webhook(
        self,
        url: str,
        *,
        events: tuple[str, ...] | None = None,
        models: tuple[str, ...] | None = None,
        description: str | None = None,
    ) -> NewWebhookEndpoint:
        """Have an address told of the account's requests; `secret` is told this once.

        events   states; the terminal ones when not given. models: every one when not given.
        """
        body = wanted(url=url, events=events, models=models, description=description)
        return self._drive(self._protocol.webhooks.create(body))

    def change_webhook(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: tuple[str, ...] | None = None,
        models: tuple[str, ...] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> WebhookEndpoint:
        """Change what is given. Disabling ends what still waits to be sent there."""
        body = wanted(url=url, events=events, models=models, description=description, enabled=enabled)
        return self._drive(self._protocol.webhooks.change(endpoint_id, body))

    def delete_webhook(self, endpoint_id: str) -> None:
        self._drive(self._protocol.webhooks.delete(endpoint_id))

    def rotate_webhook(self, endpoint_id: str) -> WebhookSecret:
        """A new secret; the old one signs beside it for 24 hours."""
        return self._drive(self._protocol.webhooks.rotate(endpoint_id))

    def test_webhook(self, endpoint_id: str) -> WebhookDelivery:
        """Send a test event; `delivery` tells what became of it."""
        return self._drive(self._protocol.webhooks.test(endpoint_id))

    def webhook_secret(self) -> WebhookSecret:
        """What signs the webhooks that single requests bring along."""
        return self._drive(self._protocol.webhooks.secret())

    def rotate_webhook_secret(self) -> WebhookSecret:
        """A new one; the old one signs beside it for 24 hours."""
        return self._drive(self._protocol.webhooks.rotate_secret())

    def deliveries(
        self,
        *,
        request_id: str | None = None,
        endpoint_id: str | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> Iterator[WebhookDelivery]:
        """What was sent to whom, newest first; pages are asked for as they are needed."""
        filters = {"request_id": request_id, "endpoint_id": endpoint_id, "state": state}
        return self._iterate(self._protocol.webhooks.deliveries(filters, limit))

    def delivery(self, delivery_id: str) -> WebhookDelivery:
        """One delivery with every try: what was sent, what came back."""
        return self._drive(self._protocol.webhooks.delivery(delivery_id))

    def replay(self, delivery_id: str) -> WebhookDelivery:
        """Send it again now, under the same id."""
        return self._drive(self._protocol.webhooks.replay(delivery_id))

    def _drive(self, script: Script[T], emit: Callable[[Any], object] | None = None) -> T:
        """Perform a script to its end; what it emits goes to the callback."""
        run = Run(script)
        try:
            while not run.done:
                self._advance(run, emit)
            return run.value
        finally:
            self._close_streams(run)

    def _iterate(self, script: Script[None]) -> Iterator[Any]:
        """Perform a script as far as the caller asks; what it emits comes out."""
        run = Run(script)
        try:
            while not run.done:
                if isinstance(run.step, Emit):
                    yield run.step.value
                    run.answer(None)
                else:
                    self._advance(run, None)
        finally:
            self._close_streams(run)

    def _advance(self, run: Run[Any], emit: Callable[[Any], object] | None) -> None:
        try:
            reply = self._perform(run.step, run.streams, emit)
        except BaseException as exc:  # Ctrl-C included: the script decides, then raises it again
            run.fail(exc)
        else:
            run.answer(reply)

    def _perform(self, step: Step, streams: list[Any], emit: Callable[[Any], object] | None) -> object:
        match step:
            case Open():
                with transport.translated(step.url):
                    request = self._http.build_request(**transport.arguments(step, self._timeout_s))
                    response = self._http.send(request, stream=True, follow_redirects=step.follow)
                opened = transport.opened(response, response.iter_bytes())
                streams.append(opened.stream)
                return opened
            case Read(stream):
                with transport.translated(str(stream.response.url)):
                    return next(stream.chunks, None)
            case Close(stream):
                stream.response.close()
            case Sleep(seconds):
                time.sleep(seconds)
            case Emit(value) if emit is not None:
                emit(value)
        return None

    def _close_streams(self, run: Run[Any]) -> None:
        for stream in run.streams:
            stream.response.close()
