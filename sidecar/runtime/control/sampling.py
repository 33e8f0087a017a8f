"""From counters and scoreboard to a sample of the performance report: what only grows, at one instant."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from sidecar.memory.counter_schema import Distribution, Totals
from sidecar.memory.counters import CounterTable
from sidecar.memory.labelled_layout import Labels
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.family import NANOSECONDS
from sidecar.observe.hook_meter import HOOK_CALL, HOOK_DURATION, HOOK_KEPT, HOOK_MOVED, HOOK_RESULT
from sidecar.observe.hook_series import DURATIONS, HookEnd
from sidecar.observe.pool_meter import POOL_BATCH, POOL_BUSY, POOL_COMPLETED, POOL_FAILED, POOL_WAIT
from sidecar.observe.pool_series import WAIT, Failure, Pool
from sidecar.observe.process_meter import CPU_TIME, LOOP_LAG
from sidecar.observe.process_series import LAG
from sidecar.observe.series import (
    ASSERTION,
    CHECK_DURATION,
    DURATION,
    EVICTION,
    INTROSPECTION,
    LOOKUP,
    RELOAD,
    REVOCATION,
    SHED,
    VERIFICATION,
)
from sidecar.observe.transport_meter import GRPC_ERROR, LIMIT
from sidecar.report.sample import Histogram, HookTotals, MachineTotals, PoolTotals, ProcessTotals, Sample
from sidecar.runtime.ipc.procfs import processor_times, tick_seconds


class There:
    """How long processes were there, added up; ``count`` returns how many are now."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._at, self._last, self._sum = math.inf, 0, 0.0

    def seconds(self, at: float) -> float:
        """Return it at ``at``, which is now: between two times that it is asked there were as many as at the first."""
        self._sum += self._last * max(0.0, at - self._at)
        self._at, self._last = at, self._count()
        return self._sum


class Sampler:
    """Takes samples. ``names`` are those of all children, in the scoreboard's order; ``hooks`` those of hooks.

    ``pools`` are those that there are, ``there`` those of them whose size changes by itself.
    """

    def __init__(  # noqa: PLR0913 - what there is to sample, once
        self,
        table: CounterTable,
        board: Scoreboard,
        names: Sequence[str],
        hooks: Sequence[str],
        pools: Sequence[Pool] = (),
        *,
        there: Mapping[Pool, There] | None = None,
    ) -> None:
        self._table, self._board, self._names, self._hooks, self._pools = table, board, names, hooks, pools
        self._there = there or {}

    def sample(self, at: float) -> Sample:
        """Return the totals; ``at`` is now, in seconds of CLOCK_MONOTONIC."""
        totals = self._table.totals()
        counts = totals.counters
        return Sample(
            at=at,
            checks=_checks(totals.labelled, lambda labels: labels[:2]),
            durations=_histogram(DURATION.bounds, totals.histograms[CHECK_DURATION]),
            issuers=_checks(totals.labelled, lambda labels: (labels[2], labels[0])),
            policies=_checks(totals.labelled, lambda labels: (labels[3], labels[0])),
            lookups={(tier.value, how.value): counts[index] for (tier, how), index in LOOKUP.items()},
            evictions={tier.value: counts[index] for tier, index in EVICTION.items()},
            verifications={(route.value, how.value): counts[index] for (route, how), index in VERIFICATION.items()},
            shed=counts[SHED],
            events=dict(_events(counts)),
            pools={pool.value: _pool(pool, totals, self._seconds_of(pool, at)) for pool in self._pools},
            hooks={name: _hook(number, totals) for number, name in enumerate(self._hooks)},
            processes={name: self._process(index) for index, name in enumerate(self._names)},
            loop_lag=_histogram(LAG.bounds, totals.histograms[LOOP_LAG]),
            machine=_machine(),
        )

    def _seconds_of(self, pool: Pool, at: float) -> float | None:
        found = self._there.get(pool)
        return None if found is None else found.seconds(at)

    def _process(self, index: int) -> ProcessTotals:
        supervised = self._board.supervised(index)
        cpu = self._table.row(index).words[CPU_TIME] * NANOSECONDS
        return ProcessTotals(None if supervised is None else supervised.restarts, cpu)


def _checks(labelled: Mapping[Labels, int], key: Callable[[Labels], Labels]) -> dict[tuple[str, str], int]:
    """Add up by two of outcome, reason, issuer and policy, which ``key`` picks; none that is 0."""
    checks = Counter[tuple[str, str]]()
    for labels, count in labelled.items():
        if count:
            first, second = key(labels)
            checks[first, second] += count
    return dict(checks)


def _events(counts: Sequence[int]) -> Iterator[tuple[tuple[str, str], int]]:
    kinds: Mapping[str, Mapping[str, int]] = {
        "reloads": {end.value: index for end, index in RELOAD.items()},
        "introspections": {end.value: index for end, index in INTROSPECTION.items()},
        "assertions": {end.value: index for end, index in ASSERTION.items()},
        "grpc_errors": {error.value: index for error, index in GRPC_ERROR.items()},
        "limits": {limit.value: index for limit, index in LIMIT.items()},
        "revocations": {f"{source.value}_{end.value}": index for (source, end), index in REVOCATION.items()},
    }
    for kind, ends in kinds.items():
        for end, index in ends.items():
            yield (kind, end), counts[index]


def _pool(pool: Pool, totals: Totals, there: float | None) -> PoolTotals:
    counts, histograms = totals.counters, totals.histograms
    failed = sum(counts[POOL_FAILED[pool, why]] for why in Failure)
    return PoolTotals(
        tasks=counts[POOL_COMPLETED[pool]] + failed,
        failed=failed,
        busy_seconds=counts[POOL_BUSY[pool]] * NANOSECONDS,
        waits=_histogram(WAIT.bounds, histograms[POOL_WAIT[pool]]) if pool in POOL_WAIT else None,
        handovers=sum(histograms[POOL_BATCH[pool]].buckets) if pool in POOL_BATCH else None,
        shed=counts[POOL_FAILED[pool, Failure.FULL]],
        there_seconds=there,
    )


def _machine() -> MachineTotals | None:
    times = processor_times()
    return None if times is None else MachineTotals(times.busy * tick_seconds(), times.total * tick_seconds())


def _hook(number: int, totals: Totals) -> HookTotals:
    counts = totals.counters
    return HookTotals(
        calls=counts[HOOK_CALL[number]],
        kept=counts[HOOK_KEPT[number]],
        results={end.value: counts[HOOK_RESULT[number, end]] for end in HookEnd},
        durations=_histogram(DURATIONS.bounds, totals.histograms[HOOK_DURATION[number]]),
        moved=counts[HOOK_MOVED[number]],
    )


def _histogram(bounds: tuple[float, ...], seen: Distribution) -> Histogram:
    return Histogram(bounds, seen.buckets, seen.sum)
