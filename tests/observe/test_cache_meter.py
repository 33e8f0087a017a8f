"""From the cache's own counts to counters that outlive the process."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.memory.counts import CacheCounts
from sidecar.observe.cache_meter import CacheMeter
from sidecar.observe.series import EVICTION, LOOKUP, Lookup, Tier
from support.boards import shared


def test_what_grew_is_added() -> None:
    """Each publication adds what came since the last one, and a second process of the row goes on adding."""
    with shared() as made:
        counts = CacheCounts()
        meter = CacheMeter(made.table.row(0), Tier.L2)
        for _ in range(2):
            counts.hits += 5
            counts.misses += 4
            counts.expired += 2
            counts.torn += 1
            counts.evictions += 3
            meter.publish(counts)
            meter.publish(counts)
        CacheMeter(made.table.row(0), Tier.L2).publish(CacheCounts(hits=1))
        totals = made.table.totals().counters
    assert {result: totals[LOOKUP[Tier.L2, result]] for result in Lookup} == {
        Lookup.HIT: 11,
        Lookup.MISS: 2,
        Lookup.EXPIRED: 4,
        Lookup.TORN: 2,
    }
    assert totals[EVICTION[Tier.L2]] == 6
    assert sum(totals) == 25


STEPS = st.lists(st.tuples(*[st.integers(0, 9)] * 5), max_size=10)


@given(STEPS)
def test_totals_never_go_back(steps: list[tuple[int, int, int, int, int]]) -> None:
    """However slots and lookups are counted against each other, no counter goes back, and no hit is lost."""
    counts = CacheCounts()
    last: tuple[int, ...] = ()
    with shared() as made:
        meter = CacheMeter(made.table.row(1), Tier.L1)
        for hits, misses, expired, torn, evictions in steps:
            counts.hits += hits
            counts.misses += misses
            counts.expired += expired
            counts.torn += torn
            counts.evictions += evictions
            meter.publish(counts)
            now = made.table.totals().counters
            assert all(later >= earlier for earlier, later in zip(last, now, strict=False))
            last = now
            assert now[LOOKUP[Tier.L1, Lookup.HIT]] == counts.hits
            assert now[LOOKUP[Tier.L1, Lookup.MISS]] <= counts.misses
