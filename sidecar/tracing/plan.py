"""What tracing is told by the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.tracing.collector import Collector
from sidecar.tracing.told import Told


@dataclass(frozen=True, slots=True)
class Plan:
    """How one server traces. ``resource``: attributes of it. ``ratio``: of checks in no trace, so many are traced.

    ``most_per_second``: so many are traced at the most. ``believes_requests``: whether a traceparent among the client's
    headers counts. ``queue_size``: spans that may wait.
    """

    collector: Collector
    resource: Mapping[str, str]
    told: frozenset[Told]
    ratio: float
    most_per_second: int
    believes_requests: bool
    queue_size: int
