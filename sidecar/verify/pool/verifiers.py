"""The verifiers as one server sees them: which to ask, and whom to wake up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.pool.wake_up import WakeUp


@dataclass(slots=True, eq=False)
class Verifier:
    """One verifier as a server sees it."""

    jobs: Producer
    verdicts: Consumer
    wake_up: WakeUp  #: the verifier's
    waiting: int = 0  #: jobs of ours whose verdicts we wait for
    backlog: int = 0  #: jobs that were in the ring at the end of the last tick of the loop
    ready: bool = False  #: it took jobs when we looked last
    to_wake: bool = False  #: it is to be woken up at the end of this tick
    replaced: bool = False  #: another process has taken its place: what the one before had is lost
    absent: bool = False  #: it has left, and answers what it was handed; or it never was there
    moved: bool = False  #: ``absent`` is another than it was
    _epoch: int = field(init=False)

    def __post_init__(self) -> None:
        """Remember whom the jobs are sent as."""
        self._epoch = self.jobs.epoch

    def attend(self) -> bool:
        """Say whether it takes jobs; where another has taken its place, that one is to be woken up and answer first.

        One that leaves is woken up as well: to see that we know.
        """
        self.ready = self.jobs.attend()
        absent = self.jobs.deserted and not self.ready
        if absent is not self.absent:
            self.absent, self.moved = absent, True
        if self.jobs.epoch != self._epoch:
            self._epoch = self.jobs.epoch
            self.to_wake, self.replaced = True, not absent
        return self.ready

    def forget(self) -> None:
        """Give up what was sent: it, or who takes its place, has to answer anew."""
        self.jobs.renew()
        self.attend()

    def end_tick(self) -> None:
        """Wake it up, once for all there was, and look how far it is; of one that is absent, whether it is back."""
        if self.absent:
            self.attend()
        if self.to_wake:
            self.to_wake = False
            self.wake_up.wake()
        self.backlog = self.jobs.backlog


class Choice:
    """Which verifier gets the next job: the one with the shortest queue, and of several the next in turn."""

    def __init__(self, verifiers: Sequence[Verifier]) -> None:
        self._verifiers = list(verifiers)

    def next(self, tried: Collection[Verifier]) -> Verifier | None:
        """Return it, or ``None`` where there is none, but for those ``tried``, that takes jobs."""
        best, shortest = None, 0
        for verifier in self._verifiers:
            # The backlog beside what we wait for: what a verifier that hangs let time out is in its ring still.
            queue = max(verifier.waiting, verifier.backlog)
            if (best is None or queue < shortest) and verifier not in tried and (verifier.ready or verifier.attend()):
                best, shortest = verifier, queue
        self._verifiers.append(self._verifiers.pop(0))
        return best
