"""What is decided on: what was seen of the verifiers for everything, and between how many there may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many verifiers for everything there may be: from ``least``, 1 at least, to ``most``; ``first`` at first."""

    least: int
    first: int
    most: int


@dataclass(frozen=True, slots=True)
class Look:
    """The pool at ``at``, in seconds of CLOCK_MONOTONIC, and what it did since the look before."""

    at: float
    wanted: int  #: verifiers that there are to be
    up: int  #: that run and take work
    restarts: int  #: of verifiers that ended by themselves, since the start of it all
    crash_loop: bool  #: whether one of them ends again and again
    busy: float  #: verifiers at work on the average: 1.5 is one all of the time and one for half of it
    wait_p99: float | None  #: seconds that 1 job in 100 waited, or longer; ``None`` where there was none
    idle_cpus: float  #: CPUs on the average that this sidecar may use and nobody did
    cpus: float  #: CPUs that it may use: affinity and cgroup quota
