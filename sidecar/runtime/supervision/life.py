"""One child as the supervisor knows it, through all of its incarnations."""

from dataclasses import dataclass, field

from sidecar.memory.scoreboard import Report, State, Supervised
from sidecar.runtime.ipc import heartbeat
from sidecar.runtime.ipc.fleet import Member
from sidecar.runtime.supervision.backoff import Backoff
from sidecar.runtime.supervision.launch import Running


@dataclass(slots=True)
class Life:
    """Times are CLOCK_MONOTONIC, in seconds."""

    member: Member
    backoff: Backoff = field(default_factory=Backoff)
    running: Running | None = None
    incarnation: int = 0  #: 0 before the first start
    started_at: float = 0.0
    next_start_at: float | None = 0.0
    last_exit: int | None = None
    was_ready: bool = False
    is_wanted: bool = True
    restarts: int = 0  #: starts after an end that nobody wanted
    is_restart: bool = False  #: whether the next start is one

    def begin(self, now: float) -> None:
        """Count another incarnation."""
        self.incarnation += 1
        self.restarts, self.is_restart = self.restarts + self.is_restart, False
        self.started_at, self.next_start_at = now, None

    def want(self, *, is_wanted: bool, now: float) -> None:
        """Have it run, or not. One that runs goes on until it has left, and one that is to be started is."""
        self.is_wanted = is_wanted
        if is_wanted and self.is_idle:
            self.next_start_at = now

    def rest(self, now: float) -> None:
        """Take note that it has left, as it was told to. Where it is wanted again meanwhile it is started at once."""
        self.backoff = Backoff()
        self.next_start_at = now if self.is_wanted else None

    @property
    def is_idle(self) -> bool:
        """Say whether it neither runs nor is to be started."""
        return self.running is None and self.next_start_at is None

    def plan_restart(self, now: float, chance: float) -> float:
        """Plan the next start after an end, and return in how many seconds that is; ``chance`` is from 0 to 1."""
        self.backoff, self.is_restart = self.backoff.ended(now - self.started_at), True
        delay = self.backoff.delay(chance)
        self.next_start_at = now + delay
        return delay

    def hear(self, report: Report | None, now: float) -> bool:
        """Take note of what it says of itself, and of its having run for long; say whether that forgives its ends."""
        self.was_ready |= report is not None and report.state is State.READY
        recovered = self.backoff.recovered(now - self.started_at)
        is_new, self.backoff = recovered != self.backoff, recovered
        return is_new

    def silence(self, report: Report | None, awake_since: float, now: float) -> float | None:
        """Return for how long it has been silent where that is too long; ``None`` where it is not.

        What was before ``awake_since`` does not count: the supervisor, and very likely the child, stood still.
        """
        since, patience = self.started_at, heartbeat.START_PATIENCE
        if report is not None:
            since, patience = report.heartbeat_at, heartbeat.PATIENCE
        silent = now - max(since, awake_since)
        return silent if silent > patience else None

    def supervised(self) -> Supervised:
        """Return the line of the scoreboard."""
        return Supervised(
            pid=self.running.pid if self.running else None,
            incarnation=self.incarnation,
            restarts=self.restarts,
            crash_loop=self.backoff.is_loop,
            started_at=self.started_at if self.incarnation else None,
            next_start_at=self.next_start_at if self.incarnation else None,
            last_exit=self.last_exit,
            resting=not self.is_wanted and self.is_idle,
        )
