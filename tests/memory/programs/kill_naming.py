"""Kill who names counters at every instruction of Python's while it does, and look at what it left.

Says how many times it has killed; what it finds wrong ends it with a traceback.
"""

import os
import sys
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING

from memory.labels import OTHERWISE, ROOM, name, opened, region

if TYPE_CHECKING:
    from _typeshed import TraceFunction

    from sidecar.memory.segment import Segment

BEFORE, NEW, AFTER = name(1), name(2), name(3)


def killed_at(step: int, shared: "Segment") -> bool:
    """Count one new name and one old in a process that is gone at this step; ``False`` where it came to its end."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    steps = count(1)

    def trace(frame: FrameType, what: str, _: object) -> "TraceFunction | None":
        if "labelled" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if what == "opcode" and next(steps) == step:
            os._exit(9)
        return trace

    with opened(shared) as row:
        sys.settrace(trace)
        for one in (NEW, BEFORE):
            row.words[row.labelled.number(one)] += 1
        os._exit(0)


def main() -> None:
    """Kill, look, and have a successor go on."""
    with region() as shared:
        with opened(shared) as row:
            row.words[row.labelled.number(BEFORE)] += 5
        before = shared.memory[:]
        for step in count(1):
            shared.memory[:] = before
            with opened(shared) as reader:
                ended = not killed_at(step, shared)
                seen = reader.labelled.read()
                assert set(seen) <= {OTHERWISE, BEFORE, NEW}, seen
                assert 5 <= seen[BEFORE] <= 6, seen
                assert 0 <= seen.get(NEW, 0) <= 1, seen
                assert seen[OTHERWISE] == 0, seen
                # The successor counts all three, and finds what was there. With what was torn it has as much room.
                with opened(shared) as successor:
                    for one in (BEFORE, NEW, AFTER):
                        successor.words[successor.labelled.number(one)] += 10
                    others = [successor.labelled.number(name(number)) for number in range(10, 7 + ROOM)]
                    assert successor.labelled.number(OTHERWISE) not in others
                after = reader.labelled.read()
                assert after[BEFORE] == seen[BEFORE] + 10, after
                assert after[NEW] == seen.get(NEW, 0) + 10, after
                assert after[AFTER] == 10, after
            if ended:
                break
        print(step - 1)  # noqa: T201 - what it is asked for


if __name__ == "__main__":
    main()
