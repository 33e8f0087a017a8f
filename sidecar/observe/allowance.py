"""What is told of the CPUs that there are for us, as they are now."""

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.observe.measured import Measured, once


@dataclass(frozen=True, slots=True)
class AllowanceFacts:
    """``None``: nothing tells, or it does not apply."""

    usable: float  #: CPUs, affinity and quota together
    servers: int  #: that run, and that Envoy was told of
    fitting: int | None  #: that a start would make of it now; ``None`` where the configuration gives the number
    throttled_periods: int | None = None  #: of the quota's, those in which it was used up
    throttled_seconds: float | None = None  #: for which threads stood still then

    @property
    def is_outgrown(self) -> bool:
        """Say whether another number of servers would fit."""
        return self.fitting not in {None, self.servers}


def of_allowance(facts: AllowanceFacts) -> Iterator[Measured]:
    """Yield the families."""
    yield Measured(
        "authz_usable_cpus",
        "CPUs that may be used now, by affinity and cgroup quota together.",
        (),
        once(facts.usable),
    )
    yield Measured(
        "authz_servers", "Servers that there are to be, and that Envoy was told of.", (), once(facts.servers)
    )
    yield Measured(
        "authz_servers_fitting",
        "Servers that a start would make of the CPUs that may be used now, where the configuration gives no number.",
        (),
        once(facts.fitting),
    )
    yield Measured(
        "authz_cpu_throttled_periods",
        "Periods in which the cgroup's CPU quota was used up, since the group was made (cpu.stat).",
        (),
        once(facts.throttled_periods),
        counts=True,
    )
    yield Measured(
        "authz_cpu_throttled_seconds",
        "Seconds for which threads stood still since the CPU quota was used up, all of them added up (cpu.stat).",
        (),
        once(facts.throttled_seconds),
        counts=True,
    )
