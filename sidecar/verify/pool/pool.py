"""The server's side: needs in, verdicts out, and no check is ever lost.

    verify(need) ── to the verifier with the shortest queue ──────────────> verdict
        │              │ no room, too late, or it was killed
        │              └── to another one ─────────────────────────────────> verdict
        │                     │ the same again, or there is none
        └── too many already ─┴── here, one in each tick of the loop ───────> verdict

The first of several verifiers has half of the time, so that one that hangs leaves some for the next.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool.batch import write_jobs
from sidecar.verify.pool.counts import PoolCounts
from sidecar.verify.pool.pending import Pending, Verdicts, Wait
from sidecar.verify.pool.verifiers import Choice, Verifier
from sidecar.verify.pool.wake_up import WakeUp
from sidecar.verify.routing import Costs
from sidecar.verify.turns import Turns

#: Verdicts of one verifier that are taken in one tick of the loop.
BATCH = 64
#: Verifiers that are asked for one need, in turn.
TRIES = 2
#: Seconds by which a verdict may be found late: there is one timer for all.
GRAIN = 0.005
#: Seconds that a verdict is waited for at the most, whatever the caller says.
LONGEST = 60.0


class Pool:
    """Has ``verifiers`` check signatures. ``wake_up`` is this server's own. For one event loop.

    ``in_flight``: jobs that may wait for verdicts at once, of all verifiers together; a part of them while some are
    absent. ``costs`` is told what verifying here and handing over take. ``turns`` verifies here.
    """

    def __init__(
        self,
        verifiers: Sequence[Verifier],
        wake_up: WakeUp,
        in_flight: int,
        costs: Costs,
        turns: Turns,
    ) -> None:
        self.counts = PoolCounts()
        self._in_flight = self._room = in_flight
        self._verifiers, self._present = list(verifiers), list(verifiers)
        self._sessions = {verifier: verifier.verdicts.sessions for verifier in self._verifiers}
        self._choice = Choice(self._verifiers)
        self._wake_up = wake_up
        self._costs = costs
        self._turns = turns
        self._pending = Pending()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick_planned = False
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to listen for verdicts, in the loop that is running. Until then needs are verified here."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._wake_up.fileno(), self._woken_up)
        for verifier in self._verifiers:
            verifier.to_wake = True  # the ends of the rings are new: it has to look at them
        self._plan_tick()

    def close(self) -> None:
        """Stop listening. What still waits is verified here. The rings and the wake-ups stay the caller's."""
        if self._loop is not None:
            self._loop.remove_reader(self._wake_up.fileno())
            self._loop, self._tick_planned = None, False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.counts.lost += self._pending.end_all()

    @property
    def capacity(self) -> int:
        """Return how many jobs may wait: none where no verifier takes any, so that somebody sees there is no pool."""
        if self._loop is not None and any(one.ready or one.attend() for one in self._present):
            return self._room
        self._plan_tick()  # whoever is there again has to be woken up
        return 0

    @property
    def waiting(self) -> int:
        """Return how many jobs wait for a verdict."""
        return len(self._pending)

    async def verify(self, need: Verify, timeout: float) -> Verdict:  # noqa: ASYNC109 - shared out among the tries
        """Return the verdict on ``need``: from a verifier within ``timeout`` seconds, or from here after that.

        Raises what verifying here raises: ``ValueError`` for a key that is not one for the algorithm.
        """
        answers = await self._ask((need,), timeout)
        if answers is not None and answers[0] is not None:
            return answers[0]
        self.counts.inline += 1
        return await self._turns.verify(need)

    async def verify_many(self, needs: Sequence[Verify], timeout: float) -> Verdicts:  # noqa: ASYNC109 - as above
        """Return the verdicts on ``needs``, handed over in one piece; ``None`` for those that no verifier gave."""
        answers = await self._ask(needs, timeout)
        return (None,) * len(needs) if answers is None else answers

    async def _ask(self, needs: Sequence[Verify], timeout: float) -> Verdicts | None:  # noqa: ASYNC109 - as above
        """Ask verifiers in turn; ``None`` where none of them answers."""
        deadline = monotonic() + min(timeout, LONGEST)
        tried: list[Verifier] = []
        while (wait := self._send(needs, deadline, tried)) is not None:
            try:
                verdicts = await wait.future
            except asyncio.CancelledError:
                self._pending.settle(wait, None)
                raise
            if verdicts is not None:
                return verdicts
        return None

    def verifier_lost(self, number: int) -> None:
        """Take back all jobs of this verifier, which was killed or hangs. It gets none before it answers anew."""
        self._verifiers[number].forget()
        self._end_tick()

    def _send(self, needs: Sequence[Verify], deadline: float, tried: list[Verifier]) -> Wait | None:
        """Send jobs to the next verifier that has room, or return ``None``: there is none, or no time."""
        while self._loop is not None and len(tried) < TRIES:
            now = monotonic()
            verifier = self._choice.next(tried) if len(self._pending) < self._room and now < deadline else None
            if verifier is None:
                break
            tried.append(verifier)
            last = len(tried) >= min(TRIES, len(self._present))
            wait = self._pending.add(needs, verifier, deadline if last else (now + deadline) / 2, self._loop)
            if verifier.jobs.push(write_jobs(needs, wait.nonce, wait.until, now)):
                verifier.to_wake = True
                self._plan(now)
                return wait
            self._pending.settle(wait, None)
            verifier.attend()  # its place may have been taken just now
            self.counts.overflows += not verifier.absent
        self._plan_tick()
        return None

    def _plan(self, began: float) -> None:
        """See that the tick is ended and that time runs out, and measure one job of each tick, sent since ``began``."""
        assert self._loop is not None  # noqa: S101 - for mypy
        if self._timer is None:
            self._timer = self._loop.call_later(GRAIN, self._end_late)
        if not self._tick_planned:
            self._plan_tick()
            self._costs.send.add(monotonic() - began)

    def _plan_tick(self) -> None:
        if self._loop is not None and not self._tick_planned:
            self._tick_planned = True
            self._loop.call_soon(self._end_tick)

    def _end_tick(self) -> None:
        """Wake up, once, each verifier that got jobs since the last tick; take back those of one that was replaced."""
        self._tick_planned = False
        if self._loop is None:
            return  # closed since, and so may be the rings
        for verifier in self._verifiers:
            if verifier.replaced:
                verifier.replaced = False
                self.counts.lost += self._pending.end_of(verifier)
            verifier.end_tick()
            if verifier.moved:
                verifier.moved = False
                # Before it gets its first job: what is in the ring is its predecessor's.
                verifier.verdicts.attend()
                self._note_session(verifier)
                self._choose_anew()

    def _choose_anew(self) -> None:
        """Leave those out of the choice, and of what there is room for, that are absent."""
        self._present = [verifier for verifier in self._verifiers if not verifier.absent]
        self._choice = Choice(self._present)
        self._room = -(-self._in_flight * len(self._present) // len(self._verifiers))

    def _end_late(self) -> None:
        """End what is over, and look again as long as there is something to wait for.

        Verdicts are looked for, too: one that was overwritten is given up only after several looks; nobody wakes us.
        """
        self._take_verdicts()
        self.counts.timeouts += self._pending.end_late(monotonic())
        self._timer = None
        if self._loop is not None and len(self._pending):
            self._timer = self._loop.call_later(GRAIN, self._end_late)

    def _woken_up(self) -> None:
        self._wake_up.drain()
        self._take_verdicts()

    def _take_verdicts(self) -> None:
        if self._loop is None:
            return
        began, taken, more = monotonic(), 0, False
        for verifier in self._verifiers:
            if verifier.absent and not verifier.waiting and not verifier.attend():
                continue
            records = verifier.verdicts.drain(BATCH)
            for record in records:
                self._pending.take(record, self.counts)
            taken += len(records)
            more |= len(records) == BATCH
            verifier.attend()
            self._note_session(verifier)
        if taken:
            self._costs.take.add((monotonic() - began) / taken)
        self._plan_tick()
        if more:
            self._loop.call_soon(self._take_verdicts)

    def _note_session(self, verifier: Verifier) -> None:
        """Take back the jobs where a new session of the verdicts has begun: what was in the old one is lost."""
        if self._sessions[verifier] != (sessions := verifier.verdicts.sessions):
            self._sessions[verifier] = sessions
            self.counts.lost += self._pending.end_of(verifier)
