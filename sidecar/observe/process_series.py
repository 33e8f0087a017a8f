"""What is counted of the processes themselves."""

from typing import Final

from sidecar.observe.family import NANOSECONDS, Family, Histograms

#: The label that has a process's name; each row is of one of them.
PROCESS: Final = "process"
CPU: Final = Family(
    "authz_process_cpu_seconds",
    "Seconds of CPU that a process took, of a child through all of its incarnations.",
    (PROCESS,),
    ((),),
    unit=NANOSECONDS,
)
LAG: Final = Histograms(
    "authz_event_loop_lag_seconds",
    "Seconds by which event loops were late, as seen at each heartbeat of servers and control.",
    (),
    ((),),
    (*(1e-3, 2.5e-3, 5e-3), *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)),
)
