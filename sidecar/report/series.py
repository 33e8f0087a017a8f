"""Figures over time, for whoever draws them.

Each sample is added up once, and the sums are subtracted: windows do it the other way round, which for 180 stretches
would take ten times as long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sidecar.report.difference import grown, grown_histogram, per_second, quantile, share
from sidecar.report.history import STEP_SECONDS
from sidecar.report.model import Series
from sidecar.report.outcomes import ERRORS
from sidecar.report.sample import Histogram, Sample

#: In a point.
_FIGURES = 7


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of one sample."""

    at: float
    checks: int
    denied: int
    errors: int
    hits: int
    local_lookups: int
    shared_lookups: int
    verifications: int
    durations: Histogram


def series(samples: Sequence[Sample], now: Sample) -> Series:
    """Return a point for each stretch between two samples, and for that up to ``now``."""
    stretches = [(old, new) for old, new in pairwise(map(_sums, (*samples, now))) if new.at > old.at]
    points = [_point(old, new) for old, new in stretches]
    columns = list(zip(*points, strict=True)) if points else [()] * _FIGURES
    return Series(STEP_SECONDS, tuple(now.at - new.at for _, new in stretches), *columns)


def _sums(sample: Sample) -> _Sums:
    denied = {reason: count for (outcome, reason), count in sample.checks.items() if outcome == "denied"}
    return _Sums(
        at=sample.at,
        checks=sum(sample.checks.values()),
        denied=sum(denied.values()),
        errors=sum(count for reason, count in denied.items() if reason in ERRORS),
        hits=sum(count for (_, how), count in sample.lookups.items() if how == "hit"),
        local_lookups=sum(count for (tier, _), count in sample.lookups.items() if tier == "l1"),
        shared_lookups=sum(count for (tier, _), count in sample.lookups.items() if tier == "l2"),
        verifications=sum(sample.verifications.values()),
        durations=sample.durations,
    )


def _point(old: _Sums, new: _Sums) -> tuple[float | None, ...]:
    seconds, took = new.at - old.at, grown_histogram(new.durations, old.durations)
    # As in ``uses.hit_ratio``: shared memory is asked about what the process's own lacks.
    lookups = max(grown(new.local_lookups, old.local_lookups), grown(new.shared_lookups, old.shared_lookups))
    return (
        per_second(grown(new.checks, old.checks), seconds),
        per_second(grown(new.denied, old.denied), seconds),
        per_second(grown(new.errors, old.errors), seconds),
        quantile(took, 0.5),
        quantile(took, 0.99),
        share(grown(new.hits, old.hits), lookups),
        per_second(grown(new.verifications, old.verifications), seconds),
    )
