"""One tenant as the agent knows it, through all of its processes.

```
         start due              wants, go             SIGTERM
WAITING ───────────> LOADING ───────────> SERVING ───────────> DRAINING ──> WAITING | gone
   ^  ^                 │ ended              │ ended                          ended
   │  └── back-off ─────┴────────────────────┘
 REFUSED <── exit code 2, or an address that is somebody else's; again when its files change, and now and then
```
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from sidecar.keys.fingerprint import Fingerprint
from sidecar.runtime.agent.root import Root
from sidecar.runtime.agent.wants import Wants
from sidecar.runtime.supervision.backoff import Backoff

#: Seconds that a process gets to read its configuration: some for files, more where all CPUs are busy.
LOAD_SECONDS: Final = 60.0
#: Seconds after which what was refused is tried again, though no file has changed: the fault may have been time's.
AGAIN_SECONDS: Final = 60.0
#: Seconds beyond its own grace after which one that drains is killed.
LAST_SECONDS: Final = 5.0

#: Seconds without a beat after which a single process is killed, whose loop stands still; and what it gets to start.
#: Far more than a supervisor gives its servers, for there is no other process to answer meanwhile.
SILENT_SECONDS: Final = 15.0
START_SECONDS: Final = 45.0


class Phase(StrEnum):
    """Where it is; as in metrics."""

    WAITING = "waiting"
    LOADING = "loading"
    SERVING = "serving"
    DRAINING = "draining"
    REFUSED = "refused"


@dataclass(slots=True)
class Tenancy:
    """Times are CLOCK_MONOTONIC, in seconds.

    ``read``: its files as they were just before they were read last, and ``judged`` its configuration alone.
    """

    name: str
    folder: Path
    read: Fingerprint = field(default_factory=dict, repr=False)
    judged: Fingerprint = field(default_factory=dict, repr=False)
    phase: Phase = Phase.WAITING
    root: Root | None = None
    wants: Wants | None = None  #: of what serves or drains
    candidate: Root | None = None  #: reads a new configuration, to tell whether that takes a restart
    backoff: Backoff = field(default_factory=Backoff)
    next_start_at: float | None = 0.0
    started_at: float = 0.0
    heard_at: float = 0.0  #: when its heart beat last, of one that ``beats``, or it was let
    until: float | None = None  #: when who loads or drains is killed
    candidate_until: float = 0.0
    doubted: Fingerprint | None = field(default=None, repr=False)  #: its files, where what changed was not taken
    judge_at: float = 0.0  #: when that is read again, though no file has changed
    kept: tuple[str, ...] = ()  #: addresses that are its own though nothing of it runs
    takes_over: bool = True  #: until it has served: at first another agent may serve it, whose place we take
    restarts: int = 0
    is_removed: bool = False
    is_missing: bool = False  #: it was not there at the last look

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return what it listens on, or is about to.

        INVARIANT: whoever dies, or starts anew, finds its addresses as it left them, and no other tenant there.
        """
        served = () if self.wants is None or self.root is None else self.wants.addresses
        return (*served, *self.kept)

    @property
    def roots(self) -> list[Root]:
        """Return its processes that run."""
        return [one for one in (self.root, self.candidate) if one is not None]

    def began(self, root: Root, now: float) -> None:
        """Note that it reads its configuration."""
        self.root, self.phase, self.started_at = root, Phase.LOADING, now
        self.next_start_at, self.until, self.wants = None, now + LOAD_SECONDS, None

    def let(self, wants: Wants, now: float) -> None:
        """Note that it serves, or is about to."""
        self.phase, self.wants, self.until, self.kept = Phase.SERVING, wants, None, ()
        # Its loop begins to turn when all is there that it starts with.
        self.heard_at = now + START_SECONDS

    def silence(self, awake_since: float, now: float) -> float | None:
        """Return for how long it has been silent where that is too long; what was before ``awake_since`` is nothing."""
        if self.phase is not Phase.SERVING or self.wants is None or not self.wants.beats:
            return None
        silent = now - max(self.heard_at, awake_since)
        return silent if silent > SILENT_SECONDS else None

    def settle(self, now: float) -> None:
        """Forgive it its ends where it has run for long."""
        self.backoff = self.backoff.recovered(now - self.started_at)

    def refuse(self, now: float) -> None:
        """Leave it without a listener until its files change, or for some time."""
        self.phase, self.next_start_at, self.until, self.kept = Phase.REFUSED, now + AGAIN_SECONDS, None, ()

    def drain(self, now: float) -> None:
        """Have it answer what is under way, and end."""
        self.end_candidate()
        if self.root is None or self.phase is Phase.DRAINING:
            return
        if self.wants is None:
            self.root.kill()  # nobody asks it yet
        else:
            self.root.signal(signal.SIGTERM)
        grace = 0.0 if self.wants is None else self.wants.grace
        self.phase, self.until = Phase.DRAINING, now + grace + LAST_SECONDS

    def tries(self, candidate: Root, now: float) -> None:
        """Note who reads what has changed; until that is judged there are doubts."""
        self.candidate, self.candidate_until = candidate, now + LOAD_SECONDS

    def tried(self, now: float) -> None:
        """Note that the candidate has ended."""
        self.candidate, self.judge_at = None, now + AGAIN_SECONDS

    def end_candidate(self) -> None:
        """Have the reader of a new configuration end."""
        if self.candidate is not None:
            self.candidate.kill()

    def again(self, now: float) -> None:
        """Start anew as soon as there is room."""
        self.phase, self.next_start_at, self.until = Phase.WAITING, now, None

    def plan(self, now: float, chance: float) -> float:
        """Plan the next start after an end that nobody wanted; return in how many seconds that is."""
        self.restarts += 1
        self.backoff = self.backoff.ended(now - self.started_at)
        delay = self.backoff.delay(chance)
        self.phase, self.next_start_at, self.until = Phase.WAITING, now + delay, None
        return delay

    def status(self) -> Mapping[str, object]:
        """Return what the desk is told."""
        return {"name": self.name, "phase": self.phase.value, "restarts": self.restarts}
