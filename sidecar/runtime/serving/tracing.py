"""A server's way of tracing checks."""

from collections.abc import Callable
from pathlib import Path

from sidecar.core.trust import Trust
from sidecar.decision_log.redaction import Redaction
from sidecar.memory.counters import Row
from sidecar.runtime.serving.collecting import collector_of, resource_of
from sidecar.settings import Settings
from sidecar.tracing.plan import Plan
from sidecar.tracing.recording import note
from sidecar.tracing.tracing import Tracing

#: Seconds that spans get at the least to be sent when a server ends.
LAST_SECONDS = 0.25


def tracing_of(settings: Settings, folder: Path, server: str, row: Row, trust: Callable[[], Trust]) -> Tracing | None:
    """Return what traces the checks of ``server``; ``None`` where no configuration asks for it.

    ``folder`` is where the configuration is. Traced checks are examples in ``row``. ``trust`` returns the one in force,
    which says where credentials are.
    """
    asked = settings.tracing
    if asked is None:
        return None
    return Tracing(
        Plan(
            collector_of(asked, folder),
            {**asked.resource_attributes, **resource_of(asked.service_name, server)},
            frozenset(asked.attributes),
            asked.ratio,
            asked.max_per_second,
            believes_requests=asked.request_header == "parent",
            queue_size=asked.queue_size,
        ),
        lambda sent: Redaction(sent, trust()).text,
        row.exemplars.note,
    )


def note_route(route: str) -> None:
    """Note where the signature of the check at hand was verified."""
    note("route", route)
