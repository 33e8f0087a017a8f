"""An engine that tells of its checks in one way, and what it takes to check and to tell."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from sidecar.core.check import Checker
from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine, Observer, Services
from sidecar.engine.local_cache import LocalCache
from sidecar.protos.ext_authz import CheckResponse
from sidecar.verify.inline import verify_inline
from suite.given.traced import Begin
from suite.given.trust import NOW

#: From a check to when it begins to be told of, and between two looks at whether all is: few, for they take CPU too.
_BEGINS_SECONDS, _LOOK_SECONDS = 0.055, 0.01
#: For what is done once the answers are on their way. No time of any processor but what that takes.
AFTERWARDS_SECONDS = 0.02


@dataclass(frozen=True)
class Told:
    """One way of telling: what is told of each check, and what says how many it was told of (``None``: it does not).

    ``waiting`` says how many are still to be told, once the answers are on their way.
    ``begin`` is how a check is begun; ``is_whole`` says whether all was told that was to be, of so many checks.
    """

    observe: Observer
    count: Callable[[], int] | None = None
    waiting: Callable[[], int] = lambda: 0
    begin: Callable[[Engine], Begin] = lambda engine: engine.begin
    is_whole: Callable[[int], bool] = lambda _asked: True


@dataclass(eq=False)
class Subject:
    """A way of telling under measurement: an engine that knows all tokens."""

    engine: Engine
    told: Told
    requests: list[bytes]
    runner: asyncio.Runner
    begin: Begin
    asked: int = 0
    begun: int = field(default=0, init=False)

    def __call__(self) -> float:
        """Check each request once; return the seconds of CPU for one, with what is told of it afterwards."""
        begin = self.begin
        before = time.process_time()
        answers = [begin(raw) for raw in self.requests]
        if self.told.waiting():
            self.runner.run(self._afterwards())
        else:
            self.runner.run(asyncio.sleep(AFTERWARDS_SECONDS))
        spent = time.process_time() - before
        self.begun += len(answers)
        assert all(isinstance(one, bytes) for one in answers)  # noqa: S101 - each was decided at once
        return spent / len(answers)

    async def _afterwards(self) -> None:
        await asyncio.sleep(_BEGINS_SECONDS)
        while self.told.waiting():  # noqa: ASYNC110 - what waits is told in this loop's own turns
            await asyncio.sleep(_LOOK_SECONDS)

    def demand_all(self) -> None:
        """See that it was told of every check, where it says of how many."""
        is_counted = self.told.count is None or self.told.count() == self.asked + self.begun
        assert is_counted, "not all were counted"  # noqa: S101 - what is told is part of the measurement
        assert self.told.is_whole(self.begun), "not all were told"  # noqa: S101


def subject(told: Told, trust: Trust, requests: list[bytes], runner: asyncio.Runner, stack: ExitStack) -> Subject:
    """Make one, and have its engine look into each token once. At the stack's end all must have been told."""
    checker = Checker(lambda: trust, recent=LocalCache(len(requests)))
    engine = Engine(checker, Services(verify_inline), lambda: NOW, lambda: "api", told.observe)
    for raw in requests:
        answer = CheckResponse.FromString(runner.run(engine.check(raw)))
        assert answer.status.code == 0  # noqa: S101 - the answer is part of the measurement
    made = Subject(engine, told, requests, runner, told.begin(engine), len(requests))
    stack.callback(made.demand_all)
    return made
