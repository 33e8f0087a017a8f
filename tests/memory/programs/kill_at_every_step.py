"""Kill a denylist's writer at every step of what it does, one after the other, and look at what it left.

    kill_at_every_step.py add|load|sweep line|opcode

A step is a line, or an instruction of Python's. Says how many times it has killed, and on standard error what it found
wrong.
"""

import os
import sys
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING

from memory.denylists import LATER, NOW, SMALLEST, digest, rows, until
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment

if TYPE_CHECKING:
    from _typeshed import TraceFunction

#: All of one home, so that all but three are elsewhere. The old ones are over one second later.
KEPT = [digest(number, home=61) for number in range(5)]
OLD = [digest(number, home=61) for number in range(10, 15)]
NEW = [digest(number, home=61) for number in range(20, 27)]
NEVER = [digest(number, home=home) for home in (61, 62, 0, 1) for number in range(30, 40)]
THEN = NOW + 1


def prepare(writer: DenylistWriter) -> None:
    """Put the old ones and the others in, in turn."""
    for kept, old in zip(KEPT, OLD, strict=True):
        writer.add(old, THEN, NOW)
        writer.add(kept, LATER, NOW)


def add(writer: DenylistWriter) -> None:
    """Add two: into a slot that is over, and one whose time grows."""
    writer.add(NEW[0], LATER, THEN)
    writer.add(KEPT[4], LATER + 50, THEN)


def load(writer: DenylistWriter) -> None:
    """Load many, and some that are there."""
    writer.load(rows(NEW + KEPT), until(*[LATER + 50] * (len(NEW) + len(KEPT))), THEN)


def sweep(writer: DenylistWriter) -> None:
    """Sweep, which makes look-ups shorter too."""
    writer.sweep(THEN)


OPERATIONS: dict[str, tuple[Callable[[DenylistWriter], None], list[bytes]]] = {
    "add": (add, NEW[:1]),
    "load": (load, NEW),
    "sweep": (sweep, []),
}


def killed_at(step: int, event: str, work: Callable[[], None]) -> bool:
    """Do it in a process that is gone at this step; ``False`` where it came to its end."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    steps = count(1)

    def trace(frame: FrameType, what: str, _: object) -> "TraceFunction | None":
        if "denylist" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = event == "opcode"
        if what == event and next(steps) == step:
            os._exit(9)
        return trace

    sys.settrace(trace)
    work()
    os._exit(0)


def check(shared: Segment, wanted: list[bytes]) -> None:
    """Look at the list as any reader does."""
    with Denylist(shared) as reader:
        assert all(reader.contains(one, THEN) for one in KEPT + wanted)
        assert not any(reader.contains(one, THEN) for one in OLD + NEVER)


def main() -> None:
    """Kill, look, and have a new writer do it again."""
    (operation, wanted), event = OPERATIONS[sys.argv[1]], sys.argv[2]
    with segment.create(SMALLEST) as shared:
        with DenylistWriter(shared) as writer:
            prepare(writer)
            before = shared.memory[:]
            for step in count(1):
                shared.memory[:] = before
                if not killed_at(step, event, lambda: operation(writer)):
                    break
                check(shared, [])
                with DenylistWriter(shared) as successor:
                    check(shared, [])
                    operation(successor)
                check(shared, wanted)
        check(shared, wanted)
        print(step - 1)  # noqa: T201 - what it is asked for


if __name__ == "__main__":
    main()
