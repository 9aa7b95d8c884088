"""The API as scripts: every call, retry, resume and error, written once and without I/O.

Each method is a generator of steps (see `steps`); `sync.Client` and `aio.AsyncClient` perform them. The
protocol knows one base URL, one key and these addresses; it holds no list of models. Only GETs and submits
are tried again, a submit always under one Idempotency-Key, so that a repeated one is the same request.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from . import follow, inputs, quote_values, values
from .addresses import bare, model_path, origin, quote_path, request_path
from .admin_calls import AdminCalls
from .credentials import Credentials
from .errors import (
    APIError,
    BadArgument,
    ClientError,
    ConnectionFailed,
    RunCancelled,
    RunFailed,
    UnexpectedAnswer,
    refusal,
)
from .key_calls import KeyCalls
from .owner_calls import OwnerCalls
from .steps import (
    Answer,
    Backoff,
    Close,
    Deadline,
    Emit,
    FilePart,
    Open,
    Opened,
    Read,
    Retry,
    Script,
    Sleep,
    exchange,
    read_answer,
)
from .webhook_calls import WebhookCalls, submit_params

CANCEL_TIMEOUT_S = 5.0
"""How long a caller who is already leaving waits for the cancel to be heard."""

PAGE = 100
"""Rows asked for at once where an answer is paged."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


class Protocol:
    """All calls against one server."""

    def __init__(self, credentials: Credentials, *, retry: Retry, local_paths: bool) -> None:
        self._base = credentials.url
        self._key = credentials.api_key
        self._retry = retry
        self._local_paths = local_paths
        self._schemas: dict[str, Mapping[str, Any] | None] = {}
        self.webhooks = WebhookCalls(self._call)
        self.admin = AdminCalls(self._call)
        self.keys = KeyCalls(self._call)
        self.owner = OwnerCalls(self._call)

    def submit(
        self,
        model_id: str,
        body: Mapping[str, Any],
        idempotency_key: str | None,
        webhook: str | None = None,
        webhook_events: Sequence[str] | None = None,
        *,
        terms: Mapping[str, str] | None = None,
        use_cache: bool | None = None,
    ) -> Script[values.Submitted]:
        """Upload the local files among the inputs, then hand the request in."""
        if not isinstance(body, Mapping):
            raise BadArgument(f"inputs: expected a mapping of names to values, found {type(body).__name__}")
        path = model_path(model_id)
        params = submit_params(webhook, webhook_events) | dict(terms or {})
        content = _encode((yield from self._with_urls(model_id, body)))
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        if use_cache is not None:
            headers["Mutoscope-Cache"] = "use" if use_cache else "off"
        answer = yield from self._call("POST", path, params=params, headers=headers, content=content, retry=True)
        return values.submitted(answer.json)

    def quote(self, model_id: str, body: Mapping[str, Any]) -> Script[quote_values.Quote]:
        """Upload the local files among the inputs, then ask; asking changes nothing, so it is tried again."""
        content = _encode((yield from self._with_urls(model_id, body)))
        return quote_values.quote(
            (yield from self._call("POST", quote_path(model_id), content=content, retry=True)).json
        )

    def check_input(self, model_id: str, field: str, url: str) -> Script[quote_values.InputCheck]:
        content = _encode({"model_id": model_id, "field": field, "url": url})
        return quote_values.input_check((yield from self._call("POST", "/v1/inputs/check", content=content)).json)

    def run(
        self,
        model_id: str,
        body: Mapping[str, Any],
        idempotency_key: str | None,
        timeout_s: float | None,
        output_dir: Path | None,
        *,
        terms: Mapping[str, str] | None = None,
        use_cache: bool | None = None,
    ) -> Script[values.Result]:
        """Submit, wait, and save the outputs where a folder is given."""
        submitted = yield from self.submit(model_id, body, idempotency_key, terms=terms, use_cache=use_cache)
        result = yield from self.wait(submitted.request_id, timeout_s)
        if output_dir is None:
            return result
        return (yield from self.save(result, output_dir, report=False))

    def wait(self, request_id: str, timeout_s: float | None, cancel_when_left: bool = True) -> Script[values.Result]:
        """Follow a request to its end, emitting its events.

        Whatever makes the caller leave early (an interrupt, cancellation, the time limit, an error in its own
        callback) cancels the request, running or not; a lost connection or a refusal does not.
        """
        try:
            result = yield from self._wait(request_id, Deadline(request_id, timeout_s))
        except (APIError, ConnectionFailed, UnexpectedAnswer) as exc:
            exc.add_note(f"request_id {request_id}")
            raise
        except GeneratorExit:
            raise
        except BaseException:
            if cancel_when_left:
                yield from self._cancel_quietly(request_id)
            raise
        if result.state == "failed":
            raise RunFailed(request_id, result.error or "the request failed")
        if result.state == "cancelled":
            raise RunCancelled(request_id)
        return result

    def status(self, request_id: str) -> Script[values.Status]:
        return (yield from self._status(request_id))[0]

    def result(self, request_id: str) -> Script[values.Result]:
        path = f"{request_path(request_id)}/result"
        return values.result(request_id, (yield from self._get(path, {"include_cost": "true"})))

    def cancel(
        self, request_id: str, running: bool, retry: bool = True, timeout_s: float | None = None
    ) -> Script[values.Cancellation]:
        """A second cancel changes nothing, so this is tried again like a GET."""
        path = f"{request_path(request_id)}/cancel"
        params = {"running": "true"} if running else {}
        answer = yield from self._call("POST", path, params=params, retry=retry, timeout_s=timeout_s)
        return values.cancellation(request_id, answer.json)

    def delete(self, request_id: str) -> Script[None]:
        yield from self._call("DELETE", request_path(request_id))

    def request(self, request_id: str) -> Script[values.RequestInfo]:
        return values.request_info((yield from self._get(request_path(request_id))))

    def requests(self, filters: Mapping[str, str | None], limit: int | None) -> Script[None]:
        """Emit the rows of every page, newest first, at most `limit`."""
        params = {name: value for name, value in filters.items() if value is not None}
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = yield from self._get("/v1/requests", {**params, "limit": str(size)})
            rows = values.objects(page, "requests")
            for row in rows[:left]:
                yield Emit(values.request_info(row))
            left = None if left is None else left - len(rows)
            cursor = page.get("next_cursor")
            if not isinstance(cursor, str) or not rows:
                return
            params["cursor"] = cursor

    def events(self, request_id: str, last_event_id: int | None) -> Script[None]:
        """Emit the events after `last_event_id`, connecting again when cut, until the request has ended."""
        followed = yield from self._stream(request_id, last_event_id, Deadline(request_id, None))
        if followed.answer is not None:
            self._accept(followed.answer)
            raise UnexpectedAnswer(f"{request_id}: this server streams no events")
        if followed.how == "cut":
            raise followed.error or ConnectionFailed(self._url(request_path(request_id)), "the event stream broke off")

    def poster(self, request_id: str) -> Script[bytes]:
        answer = yield from self._call("GET", f"{request_path(request_id)}/poster", retry=True)
        return answer.body

    def upload(self, source: str | Path | IO[bytes] | bytes, name: str | None) -> Script[values.UploadedFile]:
        """Not tried again: a second try would leave a second file."""
        with ExitStack() as opened:
            path_or_file = Path(source) if isinstance(source, str) else source
            part = inputs.open_part(path_or_file, name, opened.enter_context)
            answer = yield from self._call("POST", "/v1/files", file=part)
        return values.uploaded_file(answer.json)

    def models(self, filters: Mapping[str, str | None], include_schema: bool) -> Script[tuple[values.Model, ...]]:
        params = {name: value for name, value in filters.items() if value is not None}
        if include_schema:
            params["include_schema"] = "true"
        found: list[values.Model] = []
        while True:
            page = yield from self._get("/v1/models", {**params, "limit": str(PAGE), "offset": str(len(found))})
            rows = values.objects(page, "models")
            found.extend(values.model(row) for row in rows)
            total = page.get("total")
            if not rows or not isinstance(total, int) or len(found) >= total:
                return tuple(found)

    def model(self, model_id: str) -> Script[values.Model]:
        model = values.model((yield from self._get(model_path(model_id))))
        self._schemas[model_id] = model.input_schema
        return model

    def usage(self, since: str | None, until: str | None) -> Script[values.Usage]:
        params = {name: value for name, value in (("from", since), ("to", until)) if value is not None}
        return values.usage((yield from self._get("/v1/usage", params)))

    def balance(self) -> Script[values.Balance]:
        return values.balance((yield from self._get("/prod/v2/balance")))

    def save(self, result: values.Result, folder: Path, *, report: bool) -> Script[values.Result]:
        """Download every output as `<request_id>_<n>.<suffix>` into a folder, made if need be."""
        folder = folder.expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        files: list[Path] = []
        for number, url in enumerate(result.urls, start=1):
            suffix = _SUFFIX.fullmatch(Path(urlsplit(url).path).suffix)
            target = folder / f"{result.request_id}_{number}{suffix.group() if suffix else _guess_suffix(result)}"
            files.append((yield from self.download(url, target, report=report)))
        return replace(result, files=tuple(files))

    def download(self, url: str, target: Path, *, report: bool = True) -> Script[Path]:
        """Save what an address holds; the file is complete or absent. The key goes to our own server only."""
        url = urljoin(f"{self._base}/", url)
        target = target.expanduser()
        if target.is_dir():
            target /= Path(urlsplit(url).path).name or "download"
        headers = {"Accept-Encoding": "identity", **self._auth(url)}
        part = target.with_name(f"{target.name}.part")
        backoff = Backoff(self._retry)
        try:
            while True:
                try:
                    answer = yield from _receive(Open("GET", url, headers=headers, follow=True), part, report)
                    pause = backoff.pause_s(answer.retry_after_s) if answer and answer.may_pass else None
                    if answer is None:
                        return part.replace(target)
                    if pause is None:
                        self._accept(answer)
                        raise UnexpectedAnswer(f"{bare(url)}: HTTP {answer.status}")
                except ConnectionFailed:
                    pause = backoff.pause_s()
                    if pause is None:
                        raise
                yield Sleep(pause)
        finally:
            part.unlink(missing_ok=True)

    # How the calls above are carried out.

    def _wait(self, request_id: str, deadline: Deadline) -> Script[values.Result]:
        followed = yield from self._stream(request_id, None, deadline)
        if followed.how == "ended":
            result = yield from self.result(request_id)
            if result.is_terminal:
                return result
        while True:
            yield from follow.poll(lambda: self._status(request_id), deadline)
            result = yield from self.result(request_id)
            if result.is_terminal:
                return result
            yield Sleep(deadline.left_s(follow.POLL_FIRST_S))

    def _stream(self, request_id: str, last_event_id: int | None, deadline: Deadline) -> Script[follow.Followed]:
        url = self._url(f"{request_path(request_id)}/events")

        def request(seen: str | None, silence_s: float) -> Open:
            headers = {"Accept": "text/event-stream", **self._auth(url)}
            if seen is not None:
                headers["Last-Event-ID"] = seen
            return Open("GET", url, headers=headers, timeout_s=silence_s)

        return (yield from follow.stream(request, last_event_id, deadline))

    def _status(self, request_id: str) -> Script[tuple[values.Status, float | None]]:
        answer = yield from self._call("GET", f"{request_path(request_id)}/status", retry=True)
        return values.status(request_id, answer.json), answer.retry_after_s

    def _cancel_quietly(self, request_id: str) -> Script[None]:
        try:
            yield from self.cancel(request_id, running=True, retry=False, timeout_s=CANCEL_TIMEOUT_S)
        except ClientError:
            return  # the caller's own reason to leave is the one to report

    def _with_urls(self, model_id: str, body: Mapping[str, Any]) -> Script[Any]:
        """The input with every local file uploaded, each file once."""
        schema = None
        if self._local_paths and inputs.may_hold_paths(body):
            if model_id not in self._schemas:
                yield from self.model(model_id)
            schema = self._schemas[model_id]
        urls: dict[inputs.Place, str] = {}
        sent: dict[Path, str] = {}
        for place, source in inputs.find_files(body, schema).items():
            known = sent.get(source) if isinstance(source, Path) else None
            urls[place] = known or (yield from self.upload(source, None)).url
            if isinstance(source, Path):
                sent[source] = urls[place]
        return inputs.replace(body, urls)

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Script[Mapping[str, Any]]:
        return (yield from self._call("GET", path, params=params, retry=True)).json

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        file: FilePart | None = None,
        retry: bool = False,
        timeout_s: float | None = None,
    ) -> Script[Answer]:
        """One call under /v1 with its errors raised."""
        url = self._url(path)
        sent = {"Accept": "application/json", **self._auth(url), **(headers or {})}
        if content is not None:
            sent["Content-Type"] = "application/json"
        request = Open(method, url, params or {}, sent, content, file, timeout_s)
        answer = yield from exchange(request, self._retry if retry else None)
        self._accept(answer)
        return answer

    def _accept(self, answer: Answer) -> None:
        """Raise what the server refused; some hosts send an `error_code` in a 200 answer."""
        if 200 <= answer.status < 300:
            is_json = answer.headers.get("content-type", "").startswith("application/json")
            body = answer.refusal_body if is_json else {}
            if body.get("error_code") is None:
                return
        else:
            body = answer.refusal_body
        error = refusal(answer.status, body, hide=self._key, retry_after_s=answer.retry_after_s)
        if error.status == 401 and self._key is None:
            error.add_note("No API key was found: set MUTOSCOPE_API_KEY.")
        raise error

    def _url(self, path: str) -> str:
        return f"{self._base}{path}"

    def _auth(self, url: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key and origin(url) == origin(self._base) else {}


def _receive(request: Open, part: Path, report: bool) -> Script[Answer | None]:
    """Write a body to a file; an answer other than 200 is returned instead."""
    opened: Opened = yield request
    if opened.status != 200:
        return (yield from read_answer(opened, bare(request.url)))
    length = opened.headers.get("content-length", "")
    total = int(length) if length.isascii() and length.isdigit() else None
    received = 0
    with part.open("wb") as file:
        while (chunk := (yield Read(opened.stream))) is not None:
            received += file.write(chunk)
            if report:
                yield Emit(values.Transfer(received, total))
    yield Close(opened.stream)
    return None


def _encode(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as exc:
        raise BadArgument(f"inputs: {exc}") from exc


def _guess_suffix(result: values.Result) -> str:
    return ".mp4" if {"video", "videos"} & set(result.output) else ".bin"
