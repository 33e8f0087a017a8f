"""OpenMetrics as a scraper reads it."""

from collections.abc import Sequence

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families


def families(text: str) -> Sequence[Metric]:
    """Return what is in the text; raises ``ValueError`` for what is no OpenMetrics."""
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
