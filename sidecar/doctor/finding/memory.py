"""What is wrong with memory. All of a container's counts against its limit: memfd, which caches and rings are, too."""

from collections.abc import Iterator
from typing import Final

from sidecar.doctor.finding.kinds import MEMORY_SHARE, Finding, found
from sidecar.doctor.snapshot import Made, Snapshot
from sidecar.report.say import many, percent, size

_MIB: Final = 1024**2
#: Limits that are proposed are whole multiples of it.
_STEP: Final = 32 * _MIB


def memory(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with it."""
    given, made = snapshot.given, snapshot.made
    limit = given.memory_limit_bytes
    if made is not None and limit is not None:
        yield from _limited(snapshot, made, limit)
    if given.memory_kills_all:
        text = (
            "memory.oom.group is set: when memory runs out the kernel kills all processes at once, and every check "
            "under way is lost; without it one is killed, and Envoy asks another"
        )
        yield found("memory_kills_all", text, "singleProcessOOMKill: true")


def expected(snapshot: Snapshot, made: Made) -> int:
    """Return how many bytes are expected: as reckoned, or more where the processes that run take more already."""
    running = snapshot.running
    return max(made.memory_bytes, (running.memory_bytes or 0) if running is not None else 0)


def _limited(snapshot: Snapshot, made: Made, limit: int) -> Iterator[Finding]:
    wanted = expected(snapshot, made)
    if wanted > MEMORY_SHARE * limit:
        name = "memory_over_limit" if wanted > limit else "memory_tight"
        yield found(name, _wanted(made, wanted, limit), f"limits: {{memory: {_enough(wanted) // _MIB}Mi}}")
    if made.buffer_bytes is not None and made.buffer_bytes > limit:
        text = (
            f"each of {many(made.servers, 'server')} may hold {size(made.buffer_bytes)} of what its connections send "
            f"(native.max_total_buffer_bytes), of {size(limit)} for all of it: whoever can connect can have it "
            "killed"
        )
        yield found(
            "buffers_over_limit", text, f"native: {{max_total_buffer_bytes: {_buffers(limit)}MiB}}  # {_BESIDE}"
        )


#: What may not be larger than it.
_BESIDE: Final = "with max_message_bytes and max_request_bytes, which may not be larger"


def _wanted(made: Made, wanted: int, limit: int) -> str:
    text = (
        f"{size(wanted)} are expected when caches are full, {percent(wanted / limit)} of the limit of {size(limit)}; "
        f"{size(made.shared_bytes)} of it is shared memory (memfd), which counts against the limit as it is filled, "
        "and is never given back"
    )
    fits = int(MEMORY_SHARE * limit) - (wanted - made.cache_bytes)
    return f"{text}; or set shared_memory_size: {fits // _MIB}MiB" if fits >= _MIB else text


def _enough(wanted: int) -> int:
    return -int(-wanted / MEMORY_SHARE // _STEP) * _STEP


def _buffers(limit: int) -> int:
    return max(1, limit // 8 // _MIB)
