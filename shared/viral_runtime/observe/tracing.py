"""OpenTelemetry traces across HTTP and queues if a collector is configured; otherwise nothing of it is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from viral_runtime.settings.groups import TelemetrySettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

REQUEST_ID = "request_id"
_FLUSH_MS = 3000


class _Tracing:
    """This process's tracing; None if no collector is configured."""

    provider: TracerProvider | None = None


def start_tracing(settings: TelemetrySettings, *, service: str) -> None:
    """Trace this process and its forks to the collector, if there is one."""
    if settings.otel_exporter_otlp_endpoint is None or _Tracing.provider is not None:
        return
    from opentelemetry import trace
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    from viral_runtime.observe.trace_redaction import build_provider

    _Tracing.provider = build_provider(settings.otel_exporter_otlp_endpoint, service)
    trace.set_tracer_provider(_Tracing.provider)
    HTTPXClientInstrumentor().instrument()


def is_tracing() -> bool:
    """Whether a collector is configured."""
    return _Tracing.provider is not None


def carry_request() -> dict[str, str]:
    """What a job carries of its request: the request id and the trace context."""
    carried: dict[str, str] = {}
    request_id = structlog.contextvars.get_contextvars().get(REQUEST_ID)
    if request_id:
        carried[REQUEST_ID] = request_id
    if _Tracing.provider is not None:
        from opentelemetry import propagate

        propagate.inject(carried)
    return carried


@contextmanager
def continue_request(carried: Mapping[str, str], *, name: str, job_id: str) -> Iterator[None]:
    """Run a job as part of its request; its span is sent before the block ends."""
    request_id = carried.get(REQUEST_ID, job_id)
    with structlog.contextvars.bound_contextvars(job_id=job_id, **{REQUEST_ID: request_id}):
        if _Tracing.provider is None:
            yield
            return
        from opentelemetry import propagate, trace

        tracer = _Tracing.provider.get_tracer(__name__)
        context = propagate.extract(dict(carried))
        try:
            with tracer.start_as_current_span(name, context=context, kind=trace.SpanKind.CONSUMER):
                yield
        finally:
            # A job's process ends without another chance to send.
            _Tracing.provider.force_flush(_FLUSH_MS)


def add_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A structlog processor that adds the current trace and span ids."""
    if _Tracing.provider is None:
        return event
    from opentelemetry import trace

    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return event
    return {**event, "trace_id": trace.format_trace_id(span.trace_id), "span_id": trace.format_span_id(span.span_id)}
