"""Decision logs of a process, with outputs that keep what they are given."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from sidecar.core.decision import Denial
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.core.response import deny
from sidecar.decision_log.log import DecisionLog, Plan
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.output import Told
from sidecar.decision_log.pointer import parse
from sidecar.decision_log.watching import Choice
from sidecar.memory.recent import ROOM
from sidecar.observe.log_series import LogOutput, LogResult
from support.requests import check_request
from support.telling import ORIGIN
from support.trusts import trust

_DENIAL = Denial(Reason.NO_CREDENTIAL)
DENIED = Decided(_DENIAL, deny(_DENIAL, "", "api"))
CHOICE = Choice(allows_one_in=1, denials_one_in=1, per_second=1_000_000, recent=True)


@dataclass
class KeptOutput:
    """Keeps what it is given; ``fails`` is raised, and while ``may_go_on`` is not set it writes nothing."""

    records: list[Told] = field(default_factory=list)
    fails: Exception | None = None
    may_go_on: threading.Event = field(default_factory=threading.Event)
    closed: bool = False

    def write(self, batch: Sequence[Told]) -> int:
        """Keep it, or raise."""
        self.may_go_on.wait(30)
        if self.fails is not None:
            raise self.fails
        self.records += batch
        return len(batch)

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Log:
    """A log with its counts."""

    def __init__(self, choice: Choice = CHOICE, queue_bytes: int = 1 << 20, mask: str | None = None) -> None:
        self.counts = Counter[tuple[LogOutput, LogResult]]()
        self.kept: list[bytes] = []
        masks = Masks(() if mask is None else (parse(mask),))
        plan = Plan(choice, masks, ORIGIN, queue_bytes, ROOM)
        self.log = DecisionLog(plan, trust, self._count, self.kept.append, Random(7))  # noqa: S311 - not for secrets

    def _count(self, output: LogOutput, result: LogResult, count: int) -> None:
        self.counts[output, result] += count

    def see(self, times: int = 1, raw: bytes = b"", decided: Decided = DENIED) -> None:
        """Have a check seen so many times."""
        asked = raw or check_request()
        for _ in range(times):
            self.log.watch(decided, 0.5, asked, False)  # noqa: FBT003 - as the engine does


def an_output(*, may_go_on: bool = True, fails: Exception | None = None) -> KeptOutput:
    """Return one."""
    made = KeptOutput(fails=fails)
    if may_go_on:
        made.may_go_on.set()
    return made


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, in the loop."""
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)
