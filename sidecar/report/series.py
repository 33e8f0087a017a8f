"""Figures over time, for whoever draws them."""

from collections.abc import Sequence
from itertools import pairwise

from sidecar.report import uses
from sidecar.report.difference import grown_by_key, per_second
from sidecar.report.history import STEP_SECONDS
from sidecar.report.model import Series
from sidecar.report.outcomes import ERRORS
from sidecar.report.sample import Sample
from sidecar.report.windows import checks

#: In a point.
_FIGURES = 7


def series(samples: Sequence[Sample], now: Sample) -> Series:
    """Return a point for each stretch between two samples, and for that up to ``now``."""
    stretches = [(old, new) for old, new in pairwise((*samples, now)) if new.at > old.at]
    points = [_point(old, new) for old, new in stretches]
    columns = list(zip(*points, strict=True)) if points else [()] * _FIGURES
    return Series(STEP_SECONDS, tuple(now.at - new.at for _, new in stretches), *columns)


def _point(old: Sample, new: Sample) -> tuple[float | None, ...]:
    seconds, came = new.at - old.at, checks(old, new)
    errors = sum(one.count for one in came.reasons if one.outcome == "denied" and one.reason in ERRORS)
    return (
        came.per_second,
        came.denied_per_second,
        per_second(errors, seconds),
        came.latency.p50_seconds,
        came.latency.p99_seconds,
        uses.hit_ratio(tuple(uses.caches(old, new, seconds))),
        per_second(sum(grown_by_key(new.verifications, old.verifications).values()), seconds),
    )
