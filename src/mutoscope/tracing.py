"""OpenTelemetry traces, for those who ask for them: one trace from the submit to the engine and the webhook.

A `traceparent` (W3C Trace Context) is carried on in any case, from the caller to the worker, the engine and the
webhook. Spans are made and sent only after `configure`; until then each call costs as much as a `with` of nothing.
Spans hold ids, models and outcomes, never inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from mutoscope.errors import ConfigError

Kind = Literal["internal", "server", "client"]
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class _OpenTelemetry:
    """The one place that knows the library."""

    def __init__(self, endpoint: str, service: str) -> None:
        try:
            from opentelemetry import trace  # noqa: PLC0415 - an extra
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415
        except ImportError as exc:
            raise ConfigError("MUTOSCOPE_TRACES: needs the extra `otel`: pip install 'mutoscope[otel]'") from exc
        self.provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces", timeout=5)
        self.provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self.tracer = self.provider.get_tracer("mutoscope")
        self.propagator = TraceContextTextMapPropagator()
        self.kinds = {kind: getattr(trace.SpanKind, kind.upper()) for kind in ("internal", "server", "client")}

    @contextmanager
    def span(self, name: str, parent: str | None, kind: Kind, attributes: dict[str, Any]) -> Iterator[str | None]:
        """A span below this parent, or the first one of a new trace."""
        carrier = {"traceparent": parent} if parent else {}
        context = self.propagator.extract(carrier)
        told = {f"mutoscope.{key}": value for key, value in attributes.items() if value is not None}
        with self.tracer.start_as_current_span(
            name, context=context, kind=self.kinds[kind], attributes=told, record_exception=False
        ) as span:
            onward: dict[str, str] = {}
            self.propagator.inject(onward)
            del span
            yield onward.get("traceparent", parent)


_active: _OpenTelemetry | None = None


def configure(endpoint: str, *, service: str) -> None:
    """Send spans of this process to an OTLP/HTTP collector; nothing when the address is empty. Raises ConfigError."""
    global _active  # noqa: PLW0603 - one per process, as logging is
    if endpoint and _active is None:
        _active = _OpenTelemetry(endpoint, service)


def close() -> None:
    """Send what is not sent yet."""
    global _active  # noqa: PLW0603 - as above
    if _active is not None:
        _active.provider.shutdown()
        _active = None


@contextmanager
def span(name: str, *, parent: str | None, kind: Kind = "internal", **attributes: Any) -> Iterator[str | None]:
    """A part of the work; gives the traceparent to hand on, which is the parent's own when nothing is traced."""
    if _active is None:
        yield parent
        return
    with _active.span(name, parent, kind, attributes) as onward:
        yield onward


def read(header: str | None) -> str | None:
    """The traceparent a caller sent; None for one that is none, which by the standard is as good as absent."""
    return header if header and _TRACEPARENT.fullmatch(header) else None
