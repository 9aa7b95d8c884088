"""One download: ask, follow redirects by the rules, save the body under its cap, say what went wrong. Or one post.

Foreign exceptions stop here; messages name the host and the rule, never the address with its signature. Read
next: `wire.py` for the connection itself.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import httpcore
import httpx

from mutoscope.errors import MediaError
from mutoscope.net.rules import Policy, origin, parse
from mutoscope.net.wire import CheckedBackend, Deadline

SENT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that arrived in full. content_type is what the other side said; do not believe it."""

    size_bytes: int
    content_type: str
    final_url: str


def download(
    url: str,
    target: Path,
    policy: Policy,
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    ssl_context: ssl.SSLContext | None = None,
    check: Callable[[], None] = lambda: None,
) -> Downloaded:
    """Fetch an address into a file, which is removed again if anything goes wrong.

    headers       sent to this address, and never on to where another origin is redirected to.
    check         called with every piece that arrives; what it raises ends the download.
    ssl_context   instead of the system's trusted authorities; for tests and for studios with their own.
    Raises MediaError, `retryable` when the other side may do better later.
    """
    context = ssl_context or _trusted_authorities()
    clock = Deadline(policy.total_timeout_s)
    first = current = parse(url, policy)
    for _ in range(policy.max_redirects + 1):
        told = headers if origin(current) == origin(first) else {}
        answer = _get(current, target, policy, context, clock, headers=told, check=check)
        if isinstance(answer, Downloaded):
            return answer
        current = _follow(current, answer, policy)
    raise MediaError(f"more than {policy.max_redirects} redirects", rule="redirects")


@dataclass(frozen=True, slots=True)
class Posted:
    """What a receiver answered. body: its beginning, at most `Policy.max_bytes`."""

    status: int
    body: bytes


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    policy: Policy,
    *,
    ssl_context: ssl.SSLContext | None = None,
) -> Posted:
    """Send bytes to an address, and never on to where it redirects; whatever status comes back is the answer.

    Once the status is there, a body that is too long, too slow or broken off is cut short and no failure.
    Raises MediaError, `retryable` when the other side may do better later.
    """
    target = parse(url, policy)
    sent = [*_POST_HEADERS.items(), *headers.items()]
    context = ssl_context or _trusted_authorities()
    clock = Deadline(policy.total_timeout_s)
    with _asked("POST", target, sent, policy=policy, context=context, clock=clock, content=content) as response:
        return Posted(response.status, _beginning(response.iter_stream(), policy.max_bytes))


@dataclass(frozen=True, slots=True)
class FileContent:
    """A body that is read from a file while it is sent. head, tail: what stands before and after it."""

    path: Path
    head: bytes = b""
    tail: bytes = b""

    def __len__(self) -> int:
        return len(self.head) + self.path.stat().st_size + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        with self.path.open("rb") as file:
            while chunk := file.read(SENT_BYTES):
                yield chunk
        yield self.tail


Content = bytes | FileContent


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API answered. headers: by lower-case name. body: all of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    method: str,
    url: str,
    policy: Policy,
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    content: Content | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> Answer:
    """Call an API; redirects are not followed, whatever status comes back is the answer.

    Raises MediaError, `retryable` when the other side may do better later; its rule is `connect` or `name` only when
    nothing of the call can have arrived.
    """
    target = parse(url, policy)
    sent = [*_POST_HEADERS.items(), *headers.items()]
    context = ssl_context or _trusted_authorities()
    clock = Deadline(policy.total_timeout_s)
    with _asked(method, target, sent, policy=policy, context=context, clock=clock, content=content) as response:
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > policy.max_bytes:
                raise _too_large(policy)
        answered = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(response.status, answered, bytes(body))


def _beginning(chunks: Iterable[bytes], most_bytes: int) -> bytes:
    body = b""
    try:
        for chunk in chunks:
            body += chunk
            if len(body) >= most_bytes:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, MediaError):
        pass  # the status is what counts
    return body[:most_bytes]


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """Read once: loading the list takes as long as a short download."""
    return httpx.create_ssl_context(trust_env=False)


def _follow(current: httpx.URL, location: str, policy: Policy) -> httpx.URL:
    """The address a redirect leads to, by the same rules."""
    try:
        joined = str(current.join(location))
    except (httpx.InvalidURL, ValueError, UnicodeError) as exc:
        raise MediaError("redirected to an address that cannot be read", rule="redirect") from exc
    try:
        following = parse(joined, policy)
    except MediaError as exc:
        raise MediaError(f"redirected: {exc.message}", rule=exc.rule) from exc
    if current.scheme == "https" and following.scheme != "https":
        raise MediaError("redirected from https to http", rule="scheme")
    return following


_HEADERS = {
    "User-Agent": "mutoscope",
    "Accept": "image/*, video/*, audio/*, application/octet-stream;q=0.5",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_POST_HEADERS = {name: _HEADERS[name] for name in ("User-Agent", "Accept-Encoding", "Connection")} | {"Accept": "*/*"}
_REDIRECTS = {301, 302, 303, 307, 308}


def _get(
    url: httpx.URL,
    target: Path,
    policy: Policy,
    context: ssl.SSLContext,
    clock: Deadline,
    *,
    headers: Mapping[str, str],
    check: Callable[[], None],
) -> Downloaded | str:
    """The file, or where the answer redirects to."""
    sent = [*_HEADERS.items(), *headers.items()]
    with _asked("GET", url, sent, policy=policy, context=context, clock=clock) as response:
        answered = {name.decode("ascii").lower(): value for name, value in response.headers}
        if response.status in _REDIRECTS and "location" in answered:
            return answered["location"].decode("latin-1")
        _check_answer(response.status, answered, url, policy)
        size_bytes = _save(response.iter_stream(), target, policy, check)
    return Downloaded(size_bytes, answered.get("content-type", b"").decode("latin-1"), str(url))


@contextmanager
def _asked(
    method: str,
    url: httpx.URL,
    headers: Sequence[tuple[str, str]],
    *,
    policy: Policy,
    context: ssl.SSLContext,
    clock: Deadline,
    content: Content | None = None,
) -> Iterator[httpcore.Response]:
    """An answer whose body is still to be read; foreign exceptions become MediaError."""
    timeouts = {
        "connect": policy.connect_timeout_s,
        "read": policy.read_timeout_s,
        "write": policy.read_timeout_s,
    }
    sent: list[tuple[str | bytes, str | bytes]] = [*headers, ("Host", url.netloc)]
    if content is not None:
        sent.append(("Content-Length", str(len(content))))
    body = iter(content) if isinstance(content, FileContent) else content
    address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    backend = CheckedBackend(url, policy, clock)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
            pool.stream(method, address, headers=sent, content=body, extensions={"timeout": timeouts}) as response,
        ):
            backend.allowance.for_body(policy.max_bytes)
            yield response
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise _translate(exc, url) from exc


def _check_answer(status: int, headers: Mapping[str, bytes], url: httpx.URL, policy: Policy) -> None:
    if status != 200:
        raise MediaError(
            f"the address answered {status} ({url.host})",
            rule="status",
            retryable=status == 429 or status >= 500,
        )
    if headers.get("content-encoding", b"identity").lower() not in {b"identity", b""}:
        raise MediaError(f"{url.host} sent a compressed answer although none was asked for", rule="encoding")
    length = headers.get("content-length", b"")
    if length and "transfer-encoding" in headers:
        raise MediaError(f"{url.host} tells two lengths of its answer", rule="protocol")
    if length[:18].isdigit() and int(length[:18]) > policy.max_bytes:
        raise _too_large(policy, found=int(length))


def _save(chunks: Iterable[bytes], target: Path, policy: Policy, check: Callable[[], None]) -> int:
    size_bytes = 0
    try:
        with target.open("wb") as file:
            for chunk in chunks:
                check()
                size_bytes += len(chunk)
                if size_bytes > policy.max_bytes:
                    raise _too_large(policy)
                file.write(chunk)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return size_bytes


def _too_large(policy: Policy, found: int | None = None) -> MediaError:
    size = f"{found / 2**20:.1f} MiB" if found is not None else "more"
    return MediaError(f"found {size}; at most {policy.max_bytes / 2**20:g} MiB are accepted", rule="max_bytes")


def _translate(exc: Exception, url: httpx.URL) -> MediaError:
    if isinstance(exc, httpcore.ConnectTimeout):
        return MediaError(f"{url.host} did not answer in time", rule="connect", retryable=True)
    if isinstance(exc, httpcore.TimeoutException):
        return MediaError(f"{url.host} did not answer in time", rule="timeout", retryable=True)
    if isinstance(exc, httpcore.ProtocolError):
        return MediaError(f"{url.host} broke off or did not speak HTTP", rule="protocol", retryable=True)
    if _caused_by(exc, ssl.SSLCertVerificationError):
        return MediaError(f"the certificate of {url.host} cannot be trusted", rule="certificate")
    if _caused_by(exc, ssl.SSLError):
        return MediaError(f"{url.host} did not speak TLS", rule="tls")
    if isinstance(exc, httpcore.ReadError | httpcore.WriteError):
        return MediaError(f"{url.host} broke off the connection", rule="broken", retryable=True)
    return MediaError(f"no connection to {url.host}", rule="connect", retryable=True)


def _caused_by(exc: BaseException | None, kind: type[BaseException]) -> bool:
    while exc is not None:
        if isinstance(exc, kind):
            return True
        exc = exc.__cause__ or exc.__context__
    return False
