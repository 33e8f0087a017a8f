"""What it costs to tell of a check: CPU of one whose token is remembered, with each way of telling of it, in one run.

    python benchmarks/observe.py [names of variants]

Everything but the transport, as in ``check.py``, in one process. Prints microseconds of CPU a check, what each variant
adds to the first, which tells nobody, and the ratio; ratios carry over to other machines, times do not. The variants
take turns, round by round, so that a machine which is busy for a moment is so for all of them; the least of each
counts. Every answer is asserted, and so is what each variant was told.

To measure one more way of telling, write a function that makes its ``Told`` and add it to ``VARIANTS``.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from check import ISSUER, NOW, make_trust, request
from observe_log import logged
from observe_tracing import Begin, traced, untraced

from sidecar.core.algorithm import Algorithm
from sidecar.core.check import Checker
from sidecar.core.keys import VerificationKey
from sidecar.core.needs import Decided
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine, Observer, Services
from sidecar.engine.local_cache import LocalCache
from sidecar.keys.signing import generate
from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, Row, size
from sidecar.observe.series import SCHEMA
from sidecar.protos.ext_authz import CheckResponse
from sidecar.runtime.serving.observing import observer_of
from sidecar.tokens.mint import mint
from sidecar.verify.inline import verify_inline

TOKENS, ROUNDS = 1000, 15
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


def nothing(_: ExitStack) -> Told:
    """Tell nobody: what the others are held against."""

    def observe(_decided: Decided, _seconds: float, _request: bytes, _waited: bool) -> None:  # noqa: FBT001 - a fact
        pass

    return Told(observe)


def metrics(stack: ExitStack) -> Told:
    """Count, as every configuration does."""
    row = a_row(stack)
    return Told(observer_of(row), lambda: sum(row.read().labelled.values()))


def logging(allows_one_in: int) -> Callable[[ExitStack], Told]:
    """Count, and log one check in so many, with all that this takes afterwards."""

    def told(stack: ExitStack) -> Told:
        row = a_row(stack)
        made = logged(stack, row, allows_one_in)

        def count() -> int:
            checks = sum(row.read().labelled.values())
            assert made.lines() == checks or allows_one_in != 1  # noqa: S101 - so are lines
            assert bool(made.lines()) is (allows_one_in > 0)  # noqa: S101 - so are lines
            return checks

        return Told(made.observe, count, made.waiting)

    return told


def untraced_calls(stack: ExitStack) -> Told:
    """Count, where Envoy traces: each call's headers are others."""
    row = a_row(stack)
    made = untraced(row)
    return Told(made.observe, lambda: sum(row.read().labelled.values()), begin=made.begin)


def tracing(every: int) -> Callable[[ExitStack], Told]:
    """Count, and trace one check in so many; 0: none."""

    def told(stack: ExitStack) -> Told:
        row = a_row(stack)
        made = traced(stack, row, every)
        counted = lambda: sum(row.read().labelled.values())  # noqa: E731 - a sum

        def is_whole(asked: int) -> bool:
            return made.spans() == (asked // every if every else 0)

        return Told(made.observe, counted, begin=made.begin, is_whole=is_whole)

    return told


#: By the name of its row. Each is given what closes what it opened.
VARIANTS: dict[str, Callable[[ExitStack], Told]] = {
    "nothing": nothing,
    "metrics": metrics,
    "denials of late": logging(0),
    "decision log 1:100": logging(100),
    "decision log of all": logging(1),
    "metrics, Envoy traces 1:100": untraced_calls,
    "tracing on, none sampled": tracing(0),
    "tracing 1:100": tracing(100),
}


def a_row(stack: ExitStack) -> Row:
    """Return the row of one process in shared memory."""
    shared = stack.enter_context(segment.create(segment.pages(size(SCHEMA, 1))))
    return stack.enter_context(CounterTable(shared, SCHEMA, 1)).row(0)


@dataclass
class Subject:
    """A variant under measurement: an engine that knows all tokens, and the least it took."""

    name: str
    engine: Engine
    told: Told
    begin: Begin
    best: float = field(default=float("inf"))
    asked: int = 0

    def ask(self, requests: list[bytes], runner: asyncio.Runner) -> float:
        """Check each request once; return the microseconds of CPU for one, with what is told of it afterwards."""
        begin = self.begin
        before = time.process_time()
        answers = [begin(raw) for raw in requests]
        if self.told.waiting():
            runner.run(self._afterwards())
        else:
            runner.run(asyncio.sleep(AFTERWARDS_SECONDS))
        spent = time.process_time() - before
        self.asked += len(requests)
        assert all(isinstance(one, bytes) for one in answers)  # noqa: S101 - each was decided at once
        return spent / len(requests) * 1e6

    async def _afterwards(self) -> None:
        await asyncio.sleep(_BEGINS_SECONDS)
        while self.told.waiting():  # noqa: ASYNC110 - what waits is told in this loop's own turns
            await asyncio.sleep(_LOOK_SECONDS)

    def was_told_of_all(self) -> bool:
        """Say whether it was told of every check, where it says of how many."""
        is_counted = self.told.count is None or self.told.count() == self.asked
        return is_counted and self.told.is_whole(TOKENS * ROUNDS)


async def subject(name: str, stack: ExitStack, trust: Trust, requests: list[bytes]) -> Subject:
    """Make a variant, and have its engine look into each token once."""
    told = VARIANTS[name](stack)
    checker = Checker(lambda: trust, recent=LocalCache(len(requests)))
    engine = Engine(checker, Services(verify_inline), lambda: NOW, lambda: "api", told.observe)
    made = Subject(name, engine, told, told.begin(engine))
    for raw in requests:
        answer = CheckResponse.FromString(await made.engine.check(raw))
        assert answer.status.code == 0  # noqa: S101 - the answer is part of the measurement
        made.asked += 1
    return made


def measure(subjects: list[Subject], requests: list[bytes], runner: asyncio.Runner) -> None:
    """Let them take turns."""
    for _ in range(ROUNDS):
        for one in subjects:
            one.best = min(one.best, one.ask(requests, runner))
    for one in subjects:
        assert one.was_told_of_all(), one.name  # noqa: S101 - so is what was told


def show(subjects: list[Subject]) -> None:
    """Print a row each."""
    least = subjects[0].best
    print(f"{'telling of a check':30}{'µs of CPU':>12}{'more':>10}{'ratio':>10}")
    for one in subjects:
        print(f"{one.name:30}{one.best:12.2f}{one.best - least:10.2f}{one.best / least:10.3f}")


def main() -> None:
    """Measure and print."""
    names = sys.argv[1:] or list(VARIANTS)
    key = generate("k1")
    public = VerificationKey("k1", frozenset({Algorithm.EDDSA}), key.private.public_key().public_bytes_raw(), b"")
    trust = make_trust(public)
    claims: dict[str, Json] = {"iss": ISSUER, "aud": "orders", "exp": int(NOW) + 600, "groups": ["staff", "ops"]}
    requests = [request(mint(key, {**claims, "sub": f"user-{number}"})) for number in range(TOKENS)]
    with ExitStack() as stack, asyncio.Runner() as runner:
        subjects = [runner.run(subject(name, stack, trust, requests)) for name in names]
        measure(subjects, requests, runner)
        show(subjects)


if __name__ == "__main__":
    main()
