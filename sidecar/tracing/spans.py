"""Spans, made of what was noted of a check, once it is over. This, and what delivers them, knows OpenTelemetry."""

from collections.abc import Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from sidecar.tracing.attributes import CALLED, NAME, Value
from sidecar.tracing.context import TraceContext
from sidecar.tracing.delivery import Delivery
from sidecar.tracing.plan import Plan
from sidecar.tracing.recording import Recording, Step
from sidecar.tracing.services import ERROR, INTROSPECT

#: Milliseconds between two deliveries, and spans in one, at the most.
_PAUSE_MS, _BATCH = 1000, 512
_TRACE_ID_BYTES: Final = 16
#: A step's facts, as attributes.
_PREFIX: Final = "authz."
_FAILED: Final = "error.type"


class Spans:
    """For one process: it starts a thread, so it is made in the process that uses it."""

    def __init__(self, plan: Plan, delivery: Delivery | None = None) -> None:
        self._delivery = delivery or Delivery(plan.collector)
        self._queue_size = plan.queue_size
        self.made = 0
        # Whether to trace was decided before.
        self._provider = TracerProvider(ALWAYS_ON, Resource.create(dict(plan.resource)), shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(self._delivery, plan.queue_size, _PAUSE_MS, min(_BATCH, plan.queue_size))
        )
        self._tracer = self._provider.get_tracer(__name__)

    @property
    def delivered(self) -> int:
        """Return how many were taken by the collector."""
        return self._delivery.delivered

    @property
    def failed(self) -> int:
        """Return how many were not."""
        return self._delivery.failed

    def has_room(self, count: int) -> bool:
        """Say whether so many more may wait to be sent."""
        return self.made + count - self.delivered - self.failed <= self._queue_size

    def make(self, recording: Recording, ended: int, attributes: Mapping[str, Value], fault: str) -> bytes:
        """Make the span of a check, and those of its steps; return its trace's id, zeros where none is made.

        ``ended``: nanoseconds; ``fault``: why it is an error, if it is one.
        """
        span = self._tracer.start_span(
            NAME, _parent(recording.parent), SpanKind.SERVER, {**CALLED, **attributes}, start_time=recording.began
        )
        if not span.is_recording():
            return bytes(_TRACE_ID_BYTES)  # OTEL_SDK_DISABLED
        if fault:
            span.set_status(Status(StatusCode.ERROR, fault))
        inner = set_span_in_context(span, Context())
        for step in recording.steps:
            self._step(step, inner)
        span.end(ended)
        self.made += 1 + len(recording.steps)
        return span.get_span_context().trace_id.to_bytes(_TRACE_ID_BYTES, "big")

    def close(self) -> None:
        """Send what waits, and end. Takes as long as the collector does, ``give_up`` apart."""
        self._provider.shutdown()

    def give_up(self) -> None:
        """Send no more."""
        self._delivery.shutdown()

    def _step(self, step: Step, inner: Context) -> None:
        facts = {_FAILED if name == ERROR else _PREFIX + name: value for name, value in step.facts.items()}
        kind = SpanKind.CLIENT if step.name == INTROSPECT else SpanKind.INTERNAL
        span: Span = self._tracer.start_span(step.name, inner, kind, facts, start_time=step.began)
        if ERROR in step.facts:
            span.set_status(Status(StatusCode.ERROR))
        span.end(step.ended)


def _parent(named: TraceContext | None) -> Context:
    if named is None:
        return Context()
    parent = SpanContext(
        int(named.trace_id, 16),
        int(named.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState.from_header([named.state]) if named.state else None,
    )
    return set_span_in_context(NonRecordingSpan(parent), Context())
