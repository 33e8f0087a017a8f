"""Exporters of OpenTelemetry's for a collector, and what its own code complains of. Loaded where something is sent."""

import logging
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar

from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.tracing.collector import Collector, read_file


class _Ends(Protocol):
    def shutdown(self) -> None:
        """Send no more."""


_Exporter = TypeVar("_Exporter", bound=_Ends)


class Renewed(Generic[_Exporter]):
    """An exporter for ``collector``: ``make`` makes it when it is first asked for, and anew when a file has changed."""

    def __init__(self, collector: Collector, make: Callable[[Collector], _Exporter]) -> None:
        self._collector, self._make = collector, make
        self._made: _Exporter | None = None
        self._seen: Fingerprint = {}

    def current(self) -> _Exporter:
        """Return it; raises ``CollectorError``."""
        seen = fingerprint(self._collector.files)
        if self._made is None or seen != self._seen:
            old, self._made = self._made, None
            if old is not None:
                old.shutdown()
            self._made, self._seen = self._make(self._collector), seen
        return self._made

    def shutdown(self) -> None:
        """Send no more by the one that there is."""
        if self._made is not None:
            self._made.shutdown()


def exporter_of(collector: Collector, modules: Mapping[str, str], name: str, path: str) -> Any:  # noqa: ANN401 - the library's
    """Return a new exporter, the class ``name`` of the protocol's module; ``path`` is the signal's over HTTP.

    Raises ``CollectorError``.
    """
    module = import_module(modules[collector.protocol])
    hear_exporters()
    return getattr(module, name)(**arguments_for(collector, path))


def arguments_for(collector: Collector, path: str) -> Mapping[str, Any]:
    """Return what an OTLP exporter is made with; ``path`` is the signal's over HTTP. Raises ``CollectorError``."""
    if collector.protocol == "http":
        named = (collector.ca_file, collector.certificate_file, collector.key_file)
        ca_file, certificate_file, key_file = (None if one is None else str(one) for one in named)
        return {
            "endpoint": collector.endpoint.rstrip("/") + path,
            "headers": collector.headers(),
            "timeout": collector.timeout,
            "certificate_file": ca_file,
            "client_certificate_file": certificate_file,
            "client_key_file": key_file,
        }
    is_plain = collector.endpoint.startswith("http://")
    return {
        "endpoint": collector.endpoint,
        "insecure": is_plain,
        "credentials": None if is_plain else _credentials(collector),
        "headers": collector.headers(),
        "timeout": collector.timeout,
    }


def _credentials(collector: Collector) -> Any:  # noqa: ANN401 - gRPC's, which is not loaded for HTTP
    import grpc  # noqa: PLC0415 - 20 MiB that HTTP does without

    named = (collector.ca_file, collector.key_file, collector.certificate_file)
    return grpc.ssl_channel_credentials(*(None if one is None else read_file(one) for one in named))


class ExporterLog(logging.Handler):
    """What OpenTelemetry's code said last, to each thread: spans and decisions are sent by one each.

    It says much, and again and again; we say once that nothing goes out.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said = threading.local()

    @property
    def last(self) -> str:
        """Return what the thread that asks heard last, or nothing."""
        return str(getattr(self._said, "last", ""))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._said.last = record.getMessage()


_LIBRARY = "opentelemetry"
#: One for the process, as its loggers are.
EXPORTER_LOG = ExporterLog()


def hear_exporters() -> ExporterLog:
    """Keep what OpenTelemetry's code says out of the log from now on, and return what hears it.

    Called when an exporter is loaded, too: its logger swallows what sounds like what it said before, be it
    about another collector, so that nobody's disk fills up. Nothing of it goes to a disk here.
    """
    logger = logging.getLogger(_LIBRARY)
    logger.propagate = False
    logger.handlers = [EXPORTER_LOG]
    for name in [one for one in logging.root.manager.loggerDict if one.startswith(_LIBRARY)]:
        logging.getLogger(name).filters.clear()
    return EXPORTER_LOG
