"""What came between two totals. Never negative: what went back was not counted there, and tells nothing."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import TypeVar

from sidecar.report.figures import Latency
from sidecar.report.sample import Histogram

_Key = TypeVar("_Key")


def grown(new: int, old: int) -> int:
    """Return by how much a counter grew."""
    return max(0, new - old)


def grown_by_key(new: Mapping[_Key, int], old: Mapping[_Key, int]) -> dict[_Key, int]:
    """Return by how much each counter grew, without those that did not."""
    found = {key: grown(count, old.get(key, 0)) for key, count in new.items()}
    return {key: count for key, count in found.items() if count}


def per_second(count: float, seconds: float) -> float:
    """Return the mean rate; 0 where no time has passed."""
    return count / seconds if seconds > 0 else 0.0


def share(part: float, whole: float) -> float | None:
    """Return a share from 0 to 1; ``None`` of nothing. Cells are not read at once, so ``part`` may be the larger."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else None


def grown_histogram(new: Histogram, old: Histogram | None) -> Histogram:
    """Return what was observed in between; nothing where the two have other bounds."""
    if old is None:
        return new
    if new.bounds != old.bounds or len(new.buckets) != len(old.buckets):
        return Histogram(new.bounds, (0,) * len(new.buckets), 0.0)
    return Histogram(new.bounds, tuple(map(grown, new.buckets, old.buckets)), max(0.0, new.sum - old.sum))


def added(histograms: Iterable[Histogram]) -> Histogram | None:
    """Add histograms of the same bounds up; ``None`` where there are none. Those of other bounds than the first's: out.

    What they hold cannot be told by these bounds.
    """
    found = list(histograms)
    if not found:
        return None
    same = [one for one in found if one.bounds == found[0].bounds and len(one.buckets) == len(found[0].buckets)]
    buckets = tuple(map(sum, zip(*(one.buckets for one in same), strict=True)))
    return Histogram(found[0].bounds, buckets, sum(one.sum for one in same))


def latency(seen: Histogram) -> Latency:
    """Return mean and quantiles of what was observed."""
    count = sum(seen.buckets)
    if not count:
        return Latency(0, None, None, None, None)
    return Latency(
        count=count,
        mean_seconds=seen.sum / count,
        p50_seconds=quantile(seen, 0.5),
        p95_seconds=quantile(seen, 0.95),
        p99_seconds=quantile(seen, 0.99),
        above_highest=sum(seen.buckets[len(seen.bounds) :]),
    )


def quantile(seen: Histogram, q: float) -> float | None:
    """Return the value below which a share ``q`` lies, as Prometheus' histogram_quantile reckons it.

    Straight between a bucket's bounds, the lowest one from 0; the highest bound for what is above it; ``None`` of
    nothing.
    """
    reached = list(accumulate(seen.buckets))
    if not reached or not reached[-1] or not seen.bounds:
        return None
    rank = q * reached[-1]
    place = next(index for index, total in enumerate(reached) if total >= rank and total)
    if place >= len(seen.bounds):
        return seen.bounds[-1]
    upper, lower = seen.bounds[place], seen.bounds[place - 1] if place else 0.0
    before = reached[place] - seen.buckets[place]
    # Rounded, the sum may be a hair above.
    return min(upper, lower + (upper - lower) * (rank - before) / seen.buckets[place])
