"""What came between two totals: never negative, and quantiles that lie where they must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.report.difference import added, grown, grown_by_key, grown_histogram, latency, per_second, quantile, share
from sidecar.report.sample import Histogram
from support.reports import seen

_COUNTS = st.integers(0, 2**64 - 1)


@given(_COUNTS, _COUNTS)
def test_counter_never_shrinks(new: int, old: int) -> None:
    """What went back grew by nothing; what did not, by the difference."""
    assert grown(new, old) == (new - old if new >= old else 0)


def test_only_what_grew_is_there() -> None:
    """Counters that stood still, or went back, are left out; new ones count from 0."""
    assert grown_by_key({"a": 5, "b": 2, "c": 1, "d": 3}, {"a": 3, "b": 2, "c": 4}) == {"a": 2, "d": 3}


def test_no_time_is_no_rate() -> None:
    """A rate over no time, or over time that ran backwards, is 0."""
    assert [per_second(5, seconds) for seconds in (2.0, 0.0, -1.0)] == [2.5, 0.0, 0.0]


def test_share_of_nothing_is_unknown() -> None:
    """A share is of something, and never more than all or less than nothing."""
    assert [share(1, 4), share(0, 4), share(5, 4), share(-1, 4), share(1, 0)] == [0.25, 0.0, 1.0, 0.0, None]


def test_quantile_within_a_bucket() -> None:
    """Of 100 values from 0 to 1 ms the median is taken to be 0.5 ms, the 99th percentile 0.99 ms."""
    assert quantile(seen(100), 0.5) == pytest.approx(0.0005)
    assert quantile(seen(100), 0.99) == pytest.approx(0.00099)


def test_quantile_between_buckets() -> None:
    """50 of 100 lie below 1 ms and 50 between 1 and 10: the 75th percentile is half-way between those two."""
    assert quantile(seen(50, 50), 0.5) == pytest.approx(0.001)
    assert quantile(seen(50, 50), 0.75) == pytest.approx(0.0055)


def test_quantile_above_all_bounds() -> None:
    """What is slower than the highest bound is told as that, and counted."""
    found = latency(seen(1, 0, 0, 99))
    assert (found.p50_seconds, found.p99_seconds, found.above_highest) == (0.1, 0.1, 99)


def test_nothing_observed_has_no_quantile() -> None:
    """Of nothing everything is unknown."""
    found = latency(seen())
    assert (found.count, found.mean_seconds, found.p50_seconds, found.p99_seconds) == (0, None, None, None)


@given(st.lists(st.floats(0, 0.0999), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_quantile_lies_in_the_bucket_of_the_true_one(values: list[float], q: float) -> None:
    """The bucket in which the true quantile lies is also that of the one that is told."""
    bounds = (0.001, 0.01, 0.1)
    places = [next(index for index, bound in enumerate(bounds) if value <= bound) for value in values]
    found = quantile(Histogram(bounds, (*(places.count(index) for index in range(3)), 0), sum(values)), q)
    rank = q * len(values)
    true = next(one for number, one in enumerate(sorted(places), 1) if number >= rank)
    assert found is not None
    assert (0.0, *bounds)[true] <= found <= bounds[true]


@given(st.tuples(*[_COUNTS] * 4), st.tuples(*[_COUNTS] * 4))
def test_histogram_never_shrinks(new: tuple[int, ...], old: tuple[int, ...]) -> None:
    """No bucket is ever negative, nor is the sum."""
    found = grown_histogram(Histogram((1.0, 2.0, 3.0), new, 1.0), Histogram((1.0, 2.0, 3.0), old, 2.0))
    assert found.buckets == tuple(map(grown, new, old))
    assert found.sum == 0.0


def test_histogram_of_other_bounds_tells_nothing() -> None:
    """Where the bounds are others nothing can be said of what came in between."""
    assert grown_histogram(seen(5), Histogram((7.0,), (1, 2), 3.0)) == Histogram(seen().bounds, (0, 0, 0, 0), 0.0)
    assert grown_histogram(seen(5), None) == seen(5)


def test_histograms_are_added() -> None:
    """Those of the same bounds are added up; none is nothing."""
    assert added([seen(1, 2), seen(0, 1), Histogram((7.0,), (1, 2), 3.0)]) == seen(1, 3)
    assert added([]) is None
