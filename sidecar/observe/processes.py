"""What is told of the processes by the operating system and by themselves, the supervisor among them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.observe.measured import Measured
from sidecar.observe.process_series import CPU, PROCESS


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Of one process; ``None``: not known."""

    process: str
    cpu: float | None = None  #: seconds, through all of its incarnations
    resident: int | None = None  #: bytes
    proportional: int | None = None  #: bytes
    loop_lag: float | None = None  #: seconds; ``None`` also where it has no event loop


def of_processes(facts: Sequence[ProcessFacts], system_percent: float | None) -> Iterator[Measured]:
    """Yield the families. ``system_percent``: how busy the whole machine is."""
    cpu = [((one.process,), one.cpu) for one in facts if one.cpu is not None]
    yield Measured(CPU.name, CPU.text, (PROCESS,), cpu, counts=True)
    yield Measured(
        "authz_process_resident_memory_bytes",
        "Resident memory of a process, what it shares with others included (RSS, from proc).",
        (PROCESS,),
        [((one.process,), one.resident) for one in facts if one.resident is not None],
    )
    yield Measured(
        "authz_process_proportional_memory_bytes",
        "Memory of a process with what it shares divided by how many share it (PSS, from proc), read every 15 seconds.",
        (PROCESS,),
        [((one.process,), one.proportional) for one in facts if one.proportional is not None],
    )
    yield Measured(
        "authz_process_event_loop_lag_seconds",
        "Seconds by which the event loop of a process was late at the most, over the last 10 seconds.",
        (PROCESS,),
        [((one.process,), one.loop_lag) for one in facts if one.loop_lag is not None],
    )
    yield Measured(
        "system_cpu_percent",
        "CPU of the whole machine in use over the last 15 seconds, from 0 to 100, by whomever: all that is neither "
        "idle nor waiting for a disk in /proc/stat.",
        (),
        [] if system_percent is None else [((), system_percent)],
    )
