"""The asker's ends of the rings: sends jobs, takes answers, and notices workers that come, go, and say nothing."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from sidecar.tokens.pool.counts import SigningCounts
from sidecar.tokens.pool.waits import Asked, Expected, Wait, Waits
from sidecar.verify.pool.pool import GRAIN
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.wake_up import WakeUp

#: Answers of one worker that are taken in one tick of the loop.
_BATCH = 64


class Asker:
    """Sends jobs to ``workers``. ``wake_up`` is this process's own. For one event loop.

    ``changed`` is called whenever something may have changed: a worker takes jobs or no longer does, there is room.
    """

    def __init__(self, workers: Sequence[Verifier], wake_up: WakeUp, changed: Callable[[], None]) -> None:
        self.counts = SigningCounts()
        self.workers = tuple(workers)
        self._wake_up = wake_up
        self._changed = changed
        self._waits = Waits()
        self._sessions = {worker: worker.verdicts.sessions for worker in workers}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick_planned = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Say whether there is any use in asking."""
        return self._loop is not None

    @property
    def waiting(self) -> int:
        """Return how many jobs wait for an answer."""
        return len(self._waits)

    def open(self) -> None:
        """Begin to listen for answers, in the loop that is running."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._wake_up.fileno(), self._woken_up)
        for worker in self.workers:
            worker.to_wake = True  # the ends of the rings are new: it has to look at them
        self._plan_tick()

    def close(self) -> None:
        """Stop listening. What still waits gets no answer. The rings and the wake-ups stay the caller's."""
        if self._loop is not None:
            self._loop.remove_reader(self._wake_up.fileno())
            self._loop, self._tick_planned = None, False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.counts.lost += self._waits.end_all()
        self._changed()

    def ask(
        self, worker: Verifier, expected: Expected | None, write: Callable[[bytes, float], bytes], until: float
    ) -> Wait | None:
        """Send ``worker`` the job that ``write(nonce, until)`` returns, or return ``None`` where there is no room."""
        if self._loop is None:
            return None
        wait = self._waits.add(Asked(expected, worker.jobs.epoch), worker, until, self._loop)
        if not worker.jobs.push(write(wait.nonce, until)):
            self._waits.settle(wait, None)
            self.counts.overflows += 1
            worker.attend()
            if worker.to_wake:  # its place was taken just now
                self._plan_tick()
            return None
        worker.to_wake = True
        self._plan_tick()
        if self._timer is None:
            self._timer = self._loop.call_later(GRAIN, self._end_late)
        return wait

    def give_up(self, wait: Wait) -> None:
        """Stop waiting."""
        self._waits.settle(wait, None)

    def worker_lost(self, number: int) -> None:
        """Take back all jobs of this worker, which was killed or hangs. It gets none before it answers anew."""
        self.workers[number].forget()
        self._end_tick()

    def look(self) -> None:
        """See which workers there are."""
        for worker in self.workers:
            worker.attend()
        self._end_tick()

    def _plan_tick(self) -> None:
        if self._loop is not None and not self._tick_planned:
            self._tick_planned = True
            self._loop.call_soon(self._end_tick)

    def _end_tick(self) -> None:
        """Wake up, once, each worker that got jobs since the last tick; take back those of one that was replaced."""
        self._tick_planned = False
        if self._loop is None:
            return  # closed since, and so may be the rings
        for worker in self.workers:
            if worker.replaced:
                worker.replaced = False
                self.counts.lost += self._waits.end_of(worker)
            worker.end_tick()
        self._changed()

    def _end_late(self) -> None:
        """End what is over, and look again as long as there is something to wait for.

        Answers are looked for, too: a record that is not whole is given up only after it was looked at several times.
        """
        self._take_answers()
        self.counts.timeouts += self._waits.end_late(monotonic())
        self._timer = None
        if self._loop is not None and len(self._waits):
            self._timer = self._loop.call_later(GRAIN, self._end_late)

    def _woken_up(self) -> None:
        self._wake_up.drain()
        self._take_answers()

    def _take_answers(self) -> None:
        if self._loop is None:
            return
        more = False
        for worker in self.workers:
            records = worker.verdicts.drain(_BATCH)
            for record in records:
                self._waits.take(record, worker, self.counts)
            more |= len(records) == _BATCH
            worker.attend()
            self._note_session(worker)
        self._plan_tick()
        if more:
            self._loop.call_soon(self._take_answers)

    def _note_session(self, worker: Verifier) -> None:
        """Take back what was asked where a new session of the answers has begun: what was in the old one is lost."""
        sessions = worker.verdicts.sessions
        if self._sessions[worker] != sessions:
            self._sessions[worker] = sessions
            self.counts.lost += self._waits.end_of(worker)
