"""Spans on their way to the collector: by OpenTelemetry's exporter, counted, and said once where it does not work."""

import logging
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from sidecar.tracing.collector import Collector, CollectorError, shown
from sidecar.tracing.exporters import Renewed, exporter_of, hear_exporters

_MODULES = {
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "http": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
}
_PATH = "/v1/traces"

_log = logging.getLogger(__name__)


class Delivery(SpanExporter):
    """Sends spans, in a thread that is not the loop's. ``delivered`` and ``failed`` count them."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._complaints = hear_exporters()
        self._exporter = Renewed(collector, _exporter_for)
        self._works = True
        self._over = False
        self.delivered = self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send some."""
        try:
            is_sent = not self._over and self._exporter.current().export(spans) is SpanExportResult.SUCCESS
            why = self._complaints.last
        except (CollectorError, ImportError) as error:
            is_sent, why = False, str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next ones may get through
            # Not its text: what was sent may stand there, headers with it.
            is_sent, why = False, type(error).__name__
        if is_sent:
            self.delivered += len(spans)
        else:
            self.failed += len(spans)
        self._say(works=is_sent, why=why)
        return SpanExportResult.SUCCESS if is_sent else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Send no more; what is being repeated is given up."""
        self._over = True
        self._exporter.shutdown()

    def _say(self, *, works: bool, why: str) -> None:
        if works == self._works or self._over:
            return
        self._works = works
        if works:
            _log.info("spans are delivered to %s again", self._collector.endpoint)
        else:
            _log.warning("spans are not delivered to %s, and dropped: %s", self._collector.endpoint, shown(why))


def _exporter_for(collector: Collector) -> SpanExporter:
    made: SpanExporter = exporter_of(collector, _MODULES, "OTLPSpanExporter", _PATH)
    return made
