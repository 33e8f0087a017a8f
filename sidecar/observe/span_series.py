"""What is counted of tracing."""

from enum import StrEnum
from typing import Final

from sidecar.observe.family import Family, every


class SpanEnd(StrEnum):
    """What became of a span."""

    DELIVERED = "delivered"
    FAILED = "failed"  #: the collector did not take it in time
    DROPPED = "dropped"  #: it was never sent, since too many waited
    REFUSED = "refused"  #: it was not made: more checks were to be traced than are in a second


SPANS: Final = Family(
    "authz_trace_spans", "Spans of checks that are traced, by what became of them.", ("result",), every(SpanEnd)
)
