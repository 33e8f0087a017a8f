"""From what pools, transport and processes do to counters that outlive a process."""

from sidecar.observe.pool_meter import POOL_BATCH, POOL_BUSY, POOL_COMPLETED, POOL_FAILED, POOL_WAIT, PoolMeter
from sidecar.observe.pool_series import Failure, Pool
from sidecar.observe.process_meter import CPU_TIME, LOOP_LAG, REMEMBERED, ProcessMeter
from sidecar.observe.transport_counts import Direction, GrpcError, Limit, Scope, TransportCounts
from sidecar.observe.transport_meter import ACCEPTED, FAULT, GRPC_ERROR, LIMIT, RESET, STREAM, TransportMeter
from support.boards import shared


def test_pool_s_work() -> None:
    """Waits and batches are distributions, the time is a sum; a pool that has none of those counts the rest."""
    with shared() as made:
        meter = PoolMeter(made.table.row(3), Pool.VERIFIER)
        meter.waited(0.002)
        meter.worked(32, 0.0015)
        meter.worked(1, 0.0005)
        other = PoolMeter(made.table.row(0), Pool.HASH)
        other.waited(1.0)
        other.worked(1, 3.0)
        other.done()
        other.failed(Failure.LOST)
        totals = made.table.totals()
    assert totals.counters[POOL_BUSY[Pool.VERIFIER]] == 2_000_000
    assert totals.histograms[POOL_WAIT[Pool.VERIFIER]].sum == 0.002
    assert sum(totals.histograms[POOL_WAIT[Pool.VERIFIER]].buckets) == 1
    assert totals.histograms[POOL_BATCH[Pool.VERIFIER]].buckets == (1, 0, 0, 0, 0, 1, 0)
    assert totals.counters[POOL_BUSY[Pool.HASH]] == 3_000_000_000
    assert totals.counters[POOL_COMPLETED[Pool.HASH]] == 1
    assert totals.counters[POOL_FAILED[Pool.HASH, Failure.LOST]] == 1


def test_pool_s_totals() -> None:
    """Of totals what they grew by is added; two pools of a process, and its successor, add up."""
    with shared() as made:
        for _ in range(2):
            meters = [PoolMeter(made.table.row(1), Pool.VERIFIER) for _ in range(2)]
            for done, late in ((3, 1), (3, 1), (10, 2)):
                for meter in meters:
                    meter.publish(done, {Failure.LATE: late})
        counters = made.table.totals().counters
    assert counters[POOL_COMPLETED[Pool.VERIFIER]] == 40
    assert counters[POOL_FAILED[Pool.VERIFIER, Failure.LATE]] == 8
    assert sum(counters) == 48


def test_transport() -> None:
    """What connections count is told once, whichever of them are open."""
    counts = TransportCounts(connections=2, streams=5)
    counts.limits[Limit.MAX_PINGS] = 3
    counts.note(None, Scope.CONNECTION)
    counts.note(Limit.MAX_FRAME_BYTES, Scope.CONNECTION)
    counts.resets[Direction.SENT] = 4
    counts.errors[GrpcError.NOT_FOUND] = 6
    with shared() as made:
        meter = TransportMeter(made.table.row(1))
        meter.publish(counts, streams=7)
        counts.streams += 7  # of a connection that is gone now
        meter.publish(counts, streams=0)
        counters = made.table.totals().counters
    expected = {
        ACCEPTED: 2,
        STREAM: 12,
        LIMIT[Limit.MAX_PINGS]: 3,
        LIMIT[Limit.MAX_FRAME_BYTES]: 1,
        FAULT[Scope.CONNECTION]: 1,
        RESET[Direction.SENT]: 4,
        GRPC_ERROR[GrpcError.NOT_FOUND]: 6,
    }
    assert {index: count for index, count in enumerate(counters) if count} == expected


def test_cpu_time_of_all_incarnations() -> None:
    """A process's CPU time is added to that of those before it in the same row."""
    with shared() as made:
        for times in ((5, 5, 9), (2, 3)):
            meter = ProcessMeter(made.table.row(2), cpu=iter(times).__next__)
            for _ in times:
                meter.publish()
        assert made.table.totals().counters[CPU_TIME] == 12


def test_lag_is_the_longest_lately() -> None:
    """Each is counted, and the longest of the last seconds is remembered."""
    now = [1000.0]
    with shared() as made:
        meter = ProcessMeter(made.table.row(0), clock=lambda: now[0])
        assert meter.lag == 0
        for seconds, lag in ((0.2, 0.2), (0.01, 0.2), (0.05, 0.2), (-0.1, 0.2)):
            meter.late(seconds)
            now[0] += 1
            assert meter.lag == lag
        now[0] = 1000 + REMEMBERED + 0.5
        assert meter.lag == 0.05
        now[0] += 1.6
        assert meter.lag == 0.0
        seen = made.table.totals().histograms[LOOP_LAG]
    assert sum(seen.buckets) == 4
    assert round(seen.sum, 9) == 0.26
