"""Decisions as OTLP logs, by OpenTelemetry's exporter: loaded where a configuration asks for it, and nowhere else.

The SDK's own processor is not used: it would be a second queue, behind ours, that drops what nobody counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Protocol

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from sidecar.core.strict_json import Json
from sidecar.decision_log.output import OutputError, Told
from sidecar.decision_log.record import ALLOW
from sidecar.tracing.collector import Collector, CollectorError, shown
from sidecar.tracing.exporters import Renewed, exporter_of, hear_exporters

_MODULES = {
    "grpc": "opentelemetry.exporter.otlp.proto.grpc._log_exporter",
    "http": "opentelemetry.exporter.otlp.proto.http._log_exporter",
}
_PATH = "/v1/logs"
#: What all attributes begin with.
_PREFIX = "authz."
#: Of a record, what OTLP has a place of its own for.
_ELSEWHERE = frozenset({"time", "trace_id"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Records in one message: of the largest some 2 MiB, where gRPC takes 4.
_MOST_AT_ONCE = 512

#: A value of an attribute.
_Value = str | int | float | bool | Sequence[str]


class _Exporter(Protocol):
    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send some."""

    def shutdown(self) -> None:
        """Send no more."""


class OtlpLogs:
    """Sends records to ``collector``; ``resource`` says who we are. Its files are read again when they have changed."""

    def __init__(self, collector: Collector, resource: Mapping[str, str]) -> None:
        self._collector = collector
        self._resource = Resource.create(dict(resource))
        self._scope = InstrumentationScope("sidecar.decision_log", resource.get("service.version"))
        self._complaints = hear_exporters()
        self._exporter = Renewed(collector, _exporter_for)

    def write(self, batch: Sequence[Told]) -> int:
        """Send records; raises ``OutputError`` where the collector has taken none of them within its time."""
        for start in range(0, len(batch), _MOST_AT_ONCE):
            try:
                self._send(batch[start : start + _MOST_AT_ONCE])
            except OutputError:
                if not start:
                    raise
                return start
        return len(batch)

    def close(self) -> None:
        """Let go of the connection."""
        self._exporter.shutdown()

    def _send(self, batch: Sequence[Told]) -> None:
        logs = [ReadableLogRecord(_log_of(one.record), self._resource, self._scope) for one in batch]
        try:
            is_sent = self._exporter.current().export(logs) is LogRecordExportResult.SUCCESS
        except CollectorError as error:
            raise OutputError(str(error)) from None
        if not is_sent:
            raise OutputError(f"{self._collector.endpoint} has not taken them: {shown(self._complaints.last)}")


def _exporter_for(collector: Collector) -> _Exporter:
    made: _Exporter = exporter_of(collector, _MODULES, "OTLPLogExporter", _PATH)
    return made


def _log_of(record: Mapping[str, Json]) -> LogRecord:
    at = _nanoseconds(record.get("time"))
    is_allowed = record.get("decision") == ALLOW
    return LogRecord(
        timestamp=at,
        observed_timestamp=at,
        context=_context(record.get("trace_id")),
        severity_text="INFO" if is_allowed else "WARN",
        severity_number=SeverityNumber.INFO if is_allowed else SeverityNumber.WARN,
        body=f"{record.get('decision')} {record.get('reason')}",
        attributes=dict(_attributes(record, _PREFIX)),
        event_name="authz.decision",
    )


def _nanoseconds(text: Json) -> int:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return time_ns()  # masked
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def _context(trace_id: Json) -> Context:
    """Return that of a trace, in which no span is named: the check's own may not be recorded."""
    try:
        number = int(str(trace_id), 16)
    except ValueError:
        number = 0  # none, or masked
    return set_span_in_context(NonRecordingSpan(SpanContext(number, 0, is_remote=True, trace_flags=TraceFlags(0))))


def _attributes(record: Mapping[str, Json], prefix: str) -> Iterator[tuple[str, _Value]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _attributes(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", [_text(one) for one in value]
        elif value is not None and name not in _ELSEWHERE:
            yield f"{prefix}{name}", value


def _text(value: Json) -> str:
    """Return a hook and what it said as one text; names as they are."""
    return "=".join(map(str, value.values())) if isinstance(value, dict) else str(value)
