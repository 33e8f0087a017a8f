"""Where a miss is verified: here, by the pool, or not at all; and who has had too many bad signatures lately.

    waiting < threshold, and the loop is on time     INLINE
    from the threshold on, or the loop lags          POOL, or INLINE where there is none or it is full
    INLINE, and that would take too long             SHED

Pure: no clock (times are arguments), and nothing that waits. Identities that are remembered never come here: whatever
is decided here harms no caller who has one.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

#: The weight of a new measurement in a mean.
_WEIGHT = 1 / 16
#: A measurement counts for so many times the mean at the most: what the scheduler takes is not what the work takes.
_OUTLIER = 8.0
#: The threshold that is configured is multiplied by so much at the most, and divided by so much.
_ADAPTS = 8.0
#: Verifications in a row that are no lag yet.
_PATIENCE = 8
#: Half of what Envoy gives a try.
WAIT_SECONDS = 0.05
#: A lone miss is verified here whatever is measured.
_LEAST_BATCH = 2


class Route(Enum):
    """What to do with a miss."""

    INLINE = "inline"  #: verify it here and now
    POOL = "pool"  #: hand it to a verifier
    SHED = "shed"  #: 503 with Retry-After: there is no time for it


@dataclass(slots=True)
class Mean:
    """An exponentially weighted mean of durations in seconds; ``None`` before the first."""

    seconds: float | None = None

    def add(self, seconds: float) -> None:
        """Take in a measurement; what is no duration is left out."""
        if not 0 <= seconds < math.inf:
            return
        if not self.seconds:
            self.seconds = seconds
        else:
            self.seconds += _WEIGHT * (min(seconds, _OUTLIER * self.seconds) - self.seconds)


@dataclass(slots=True)
class Costs:
    """What is measured in one server, all of it time of its event loop; waiting for a verdict is none."""

    verify: Mean = field(default_factory=Mean)  #: one signature, here
    send: Mean = field(default_factory=Mean)  #: one job, up to its being in the ring
    take: Mean = field(default_factory=Mean)  #: one verdict, from the ring on

    @property
    def handover(self) -> float | None:
        """Return what it takes to hand over one miss and take its verdict, in seconds."""
        if self.send.seconds is None or self.take.seconds is None:
            return None
        return self.send.seconds + self.take.seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What is configured."""

    batch_size_threshold: int  #: misses waiting at once from which on the pool is used, where both ways cost the same
    lag_seconds: float = 0.005  #: by which the loop may be late
    wait_seconds: float = WAIT_SECONDS  #: that a miss may have to wait for its turn here


@dataclass(frozen=True, slots=True)
class Load:
    """How things are in one server at this moment."""

    waiting: int  #: misses without a verdict, the one in question among them
    lag: float  #: seconds by which the event loop is late
    queued: int  #: jobs that wait for the pool's verdicts
    capacity: int  #: jobs that may; 0 where there is no pool, or no verifier in it that takes any
    here: int  #: misses that wait for their turn to be verified in the server
    interval: float  #: seconds from one turn to the next, as measured


def route(load: Load, limits: Limits, costs: Costs) -> Route:
    """Decide about one miss. One that is alone is never shed, however late the loop is."""
    crowded = load.waiting >= threshold(limits, costs)
    lagging = load.lag > lag_limit(limits, costs)
    # Those that wait here may have come back from the pool: a verifier that was killed takes jobs, and answers none.
    if (crowded or lagging) and load.queued + load.here < load.capacity:
        return Route.POOL
    return Route.SHED if expected_wait(load) > limits.wait_seconds else Route.INLINE


def expected_wait(load: Load) -> float:
    """Return how many seconds it takes until one more has its turn in the server."""
    return load.here * load.interval


def threshold(limits: Limits, costs: Costs) -> int:
    """Return from how many waiting misses on the pool is used.

    The configured number where handing over costs the loop what verifying does; less where verifying is dearer (ES512),
    more where it is cheaper (RS256 with a small exponent).
    """
    verify, handover = costs.verify.seconds, costs.handover
    ratio = 1.0 if not verify or handover is None else handover / verify
    scaled = limits.batch_size_threshold * min(max(ratio, 1 / _ADAPTS), _ADAPTS)
    return max(_LEAST_BATCH, round(scaled))


def lag_limit(limits: Limits, costs: Costs) -> float:
    """Return from how many seconds on the loop lags: a few verifications in a row are no lag, however slow."""
    return max(limits.lag_seconds, _PATIENCE * (costs.verify.seconds or 0.0))


class Budget(Protocol):
    """Who has had too many bad signatures lately; ``FailureBudget`` says what the arguments are."""

    def failed(self, source: str, now: float) -> None:
        """Note a bad signature."""

    def spent(self, source: str, now: float) -> bool:
        """Say whether this source is to be served last."""


class FailureBudget:
    """How many bad signatures a source may send: ``burst`` at once, and ``per_second`` more with time (a token bucket).

    A source is whatever the caller tells senders apart by: an address (of IPv6 better the first 64 bits, all of which
    one sender has) or a principal. At most ``sources`` are remembered, 64 bits of each, keyed (PEP 456); the one that
    was heard of longest ago is forgotten first, which gives it a new budget. ``now`` is in seconds of any one clock.
    Raises ``ValueError`` for a number that is not positive.
    """

    def __init__(self, burst: int, per_second: float, sources: int) -> None:
        if not (burst >= 1 and 0 < per_second < math.inf and sources >= 1):
            raise ValueError(f"a budget of {burst}, {per_second} a second, for {sources} sources: all must be positive")
        self._burst = burst
        self._per_second = per_second
        self._sources = sources
        #: Failures that are not forgiven yet, and when that was so.
        self._debts: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def failed(self, source: str, now: float) -> None:
        """Note a bad signature."""
        key = hash(source)
        self._debts[key] = (min(self._debt(key, now) + 1, self._burst), now)
        self._debts.move_to_end(key)
        if len(self._debts) > self._sources:
            self._debts.popitem(last=False)

    def spent(self, source: str, now: float) -> bool:
        """Say whether there is less left than one bad signature. Whoever never sent one is never told so."""
        key = hash(source)
        debt = self._debt(key, now)
        if not debt:
            self._debts.pop(key, None)
            return False
        self._debts.move_to_end(key)
        return debt > self._burst - 1

    def __len__(self) -> int:
        """Return how many sources are remembered."""
        return len(self._debts)

    def _debt(self, key: int, now: float) -> float:
        debt, since = self._debts.get(key, (0.0, now))
        return max(0.0, debt - max(0.0, now - since) * self._per_second)


def usual_budget() -> FailureBudget:
    """Return the budget of a server. A client with an old key, or a bug, sends a few bad signatures."""
    return FailureBudget(burst=20, per_second=5.0, sources=10_000)
