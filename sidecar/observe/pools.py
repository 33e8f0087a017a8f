"""What is told of pools at one moment: how many processes, how busy, how much waits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.observe.measured import Measured
from sidecar.observe.pool_series import POOL, Pool


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """Of one pool; ``None``: not known. ``utilisation`` is from 0 to 1, over the last ``usage.WINDOW`` seconds."""

    pool: Pool
    active: int
    utilisation: float | None = None
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class PoolSize:
    """Of a pool whose size changes by itself: processes that there are to be, between which bounds, and changes."""

    pool: Pool
    wanted: int
    least: int
    most: int
    grown: int
    shrunk: int


def of_pool_size(size: PoolSize) -> Iterator[Measured]:
    """Yield the families."""
    pool = size.pool.value
    for name, text, value in (
        ("wanted", "Processes that a pool is to have, of those whose number changes by itself.", size.wanted),
        ("min", "How few of them there may be.", size.least),
        ("max", "How many of them there may be.", size.most),
    ):
        yield Measured(f"authz_pool_processes_{name}", text, (POOL,), [((pool,), value)])
    yield Measured(
        "authz_pool_resizes",
        "Times that a pool was to have more processes, or fewer, by itself.",
        (POOL, "direction"),
        [((pool, "grow"), size.grown), ((pool, "shrink"), size.shrunk)],
        counts=True,
    )


def of_pools(facts: Sequence[PoolFacts]) -> Iterator[Measured]:
    """Yield the families, some of them under the names that operators know."""
    yield Measured(
        "process_pool_active",
        "Processes of a pool that run and take work, as the scoreboard has them.",
        (POOL,),
        [((one.pool.value,), one.active) for one in facts],
    )
    yield Measured(
        "process_pool_utilization",
        "Share (0 to 1) of the last 15 seconds in which processes of a pool worked: what authz_pool_busy_seconds_total "
        "grew by, divided by that time and process_pool_active.",
        (POOL,),
        [((one.pool.value,), one.utilisation) for one in facts if one.utilisation is not None],
    )
    yield Measured(
        "authz_pool_queue_depth",
        "Jobs that wait for a process of a pool at this moment, in rings or in the servers.",
        (POOL,),
        [((one.pool.value,), one.depth) for one in facts if one.depth is not None],
    )
