"""What is noted of a check that is traced, while it goes its way. Of one that is not there is nothing.

The note goes along in a context variable: with the call that begins a check, and with the task in which it waits.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import NamedTuple

from sidecar.tracing.context import TraceContext

#: Things that a check needed, at the most: more than the engine gives it.
_MOST_STEPS = 32


class Step(NamedTuple):
    """Something that a check waited for, or had done. Times are nanoseconds since the epoch."""

    name: str
    began: int
    ended: int
    facts: Mapping[str, str]


class Recording:
    """One check. ``parent``: the span that asks; ``None``: it begins a trace. ``began``: nanoseconds, as ``Step``'s."""

    __slots__ = ("began", "facts", "parent", "steps")

    def __init__(self, parent: TraceContext | None, began: int) -> None:
        self.parent, self.began = parent, began
        self.steps: list[Step] = []
        #: What is known of the step that is under way.
        self.facts: dict[str, str] = {}

    def step(self, name: str, began: int, ended: int) -> None:
        """Note a step that is over, with what was noted of it meanwhile."""
        facts, self.facts = self.facts, {}
        if len(self.steps) < _MOST_STEPS:
            self.steps.append(Step(name, began, ended, facts))


_under_way: ContextVar[Recording | None] = ContextVar("recording", default=None)
#: Return the recording of the check at hand; ``None``: it is not traced.
current = _under_way.get
#: Make one that of the check at hand, and undo that.
begin, end = _under_way.set, _under_way.reset


def note(name: str, value: str) -> None:
    """Note something of the step that is under way, if the check at hand is traced."""
    recording = current()
    if recording is not None:
        recording.facts[name] = value
