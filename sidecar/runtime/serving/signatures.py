"""A server's way of having signatures verified: its ends of the rings, and who decides where each is verified."""

from collections.abc import Callable, Sequence
from functools import partial

from sidecar.core.algorithm import SYMMETRIC, Algorithm
from sidecar.core.needs import Verdict, Verify
from sidecar.engine.engine import OverloadError
from sidecar.memory.counters import Row
from sidecar.memory.ring import Consumer, Producer
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Failure
from sidecar.observe.pool_series import Pool as PoolLabel
from sidecar.observe.series import SHED, VERIFICATION, Verification
from sidecar.observe.series import Route as RouteLabel
from sidecar.runtime.ipc.fleet import Fleet, Member
from sidecar.runtime.ipc.shared import IN_FLIGHT, Shared, rings_of
from sidecar.settings import Settings
from sidecar.verify.gate import Gate
from sidecar.verify.hybrid import Hybrid, ShedError
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.routing import WAIT_SECONDS, Budget, Costs, Limits, Route, usual_budget
from sidecar.verify.turns import Turns


class Signatures:
    """Verifies for one server. ``open`` in its loop before the first check, ``close`` after the last.

    ``note`` is told where the signature of the check at hand was verified. ``budget`` is for sources of bad signatures,
    ``wait_seconds`` what a signature may have to wait for its turn before it is shed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to a server, once
        self,
        member: Member,
        fleet: Fleet,
        shared: Shared,
        settings: Settings,
        row: Row,
        note: Callable[[str], None] | None = None,
        *,
        budget: Budget | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._row, self._note = row, note
        self._budget = usual_budget() if budget is None else budget
        self._wait_seconds = wait_seconds
        self._pools: list[tuple[Pool, PoolMeter]] = []
        self.gate = Gate(self._budget, partial(row.add, SHED))
        rings = _OpenRings(member, fleet, shared)
        cheap = self._hybrid(settings, rings, fleet.common, "")
        costly = self._hybrid(settings, rings, fleet.costly, "/costly")
        #: Ed25519 by those for everything; the others by those that are for them, where there are any.
        self._hybrids = dict.fromkeys(Algorithm, costly if fleet.costly else cheap)
        self._hybrids[Algorithm.EDDSA] = cheap
        # A secret stays in this process, and an HMAC takes 2 µs: no verifier ever sees either.
        here = self._hybrid(settings, rings, range(0), "")
        self._hybrids |= dict.fromkeys(SYMMETRIC, here)

    def open(self) -> None:
        """Begin to listen for verdicts."""
        for pool, _ in self._pools:
            pool.open()

    def close(self) -> None:
        """Stop listening; what waits is verified here."""
        for pool, _ in self._pools:
            pool.close()

    def publish(self) -> None:
        """Bring the counters of the pools up to date."""
        for pool, meter in self._pools:
            counts = pool.counts
            failed = {Failure.FULL: counts.overflows, Failure.LATE: counts.timeouts, Failure.LOST: counts.lost}
            meter.publish(counts.verdicts, failed)

    async def verify(self, need: Verify) -> Verdict:
        """Answer ``need``; raises ``OverloadError`` where there is no time for it."""
        try:
            return await self._hybrids[need.algorithm].verify(need)
        except ShedError:
            self._row.add(SHED)
            raise OverloadError from None

    async def verify_in_bulk(self, needs: Sequence[Verify]) -> Sequence[Verdict | None]:
        """Answer needs that no check waits for, as ``Hybrid`` has it."""
        found: list[Verdict | None] = [None] * len(needs)
        for hybrid in dict.fromkeys(self._hybrids[need.algorithm] for need in needs):
            places = [place for place, need in enumerate(needs) if self._hybrids[need.algorithm] is hybrid]
            verdicts = await hybrid.verify_in_bulk([needs[place] for place in places])
            for place, verdict in zip(places, verdicts, strict=True):
                found[place] = verdict
        return found

    def _hybrid(self, settings: Settings, rings: "_OpenRings", numbers: range, suffix: str) -> Hybrid:
        costs = Costs()
        turns = Turns(costs)
        pool = rings.pool(numbers, suffix, costs, turns)
        if pool is not None:
            self._pools.append((pool, PoolMeter(self._row, PoolLabel.VERIFIER)))
        limits = Limits(batch_size_threshold=settings.batch_size_threshold, wait_seconds=self._wait_seconds)
        return Hybrid(pool, turns, limits, costs, settings.process_pool_timeout, self._budget, self._observe)

    def _observe(self, where: Route, ended: Verification) -> None:
        label = RouteLabel.POOL if where is Route.POOL else RouteLabel.INLINE
        if self._note is not None:
            self._note(label.value)
        self._row.add(VERIFICATION[label, ended])


class _OpenRings:
    """A server's ends of the rings."""

    def __init__(self, member: Member, fleet: Fleet, shared: Shared) -> None:
        self._member, self._shared = member, shared
        self._rings = rings_of(fleet)
        self._memory = None if shared.rings is None else shared.rings.open().memory

    def pool(self, numbers: range, suffix: str, costs: Costs, turns: Turns) -> Pool | None:
        """Return the pool of these verifiers; ``None`` where there are none."""
        rings, memory, server, shared = self._rings, self._memory, self._member, self._shared
        if rings is None or memory is None or not numbers:
            return None
        verifiers = [
            Verifier(
                jobs=Producer(memory, rings.jobs(server.number, number), shared.seed),
                verdicts=Consumer(memory, rings.verdicts(server.number, number), shared.seed),
                wake_up=shared.wake_ups[f"verifier-{number}"].open(),
            )
            for number in numbers
        ]
        wake_up = shared.wake_ups[server.name + suffix].open()
        return Pool(verifiers, wake_up, IN_FLIGHT * len(numbers), costs, turns)
