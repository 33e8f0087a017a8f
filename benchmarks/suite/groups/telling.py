"""What it costs to tell of a check whose token is remembered, with all that is done for it after the answer.

To measure one more way of telling, write a function that makes its ``Told`` and add it to ``VARIANTS``.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

from sidecar.core.needs import Decided
from sidecar.runtime.serving.observing import observer_of
from suite.given.logged import logged
from suite.given.rows import a_row
from suite.given.telling import Subject, Told, subject
from suite.given.traced import traced, untraced
from suite.given.trust import a_key, make_trust, request, tokens
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size

TITLE = "telling of a check"
COSTLY = False
TOKENS = 1000


def _nothing(_: ExitStack) -> Told:
    def observe(_decided: Decided, _seconds: float, _request: bytes, _waited: bool) -> None:  # noqa: FBT001 - a fact
        pass

    return Told(observe)


def _metrics(stack: ExitStack) -> Told:
    row = a_row(stack)
    return Told(observer_of(row), lambda: sum(row.read().labelled.values()))


def _logging(allows_one_in: int) -> Callable[[ExitStack], Told]:
    """Count, and log one check in so many."""

    def told(stack: ExitStack) -> Told:
        row = a_row(stack)
        made = logged(stack, row, allows_one_in)

        def count() -> int:
            checks = sum(row.read().labelled.values())
            assert made.lines() == checks or allows_one_in != 1  # noqa: S101 - so are lines
            return checks

        return Told(made.observe, count, made.waiting)

    return told


def _untraced_calls(stack: ExitStack) -> Told:
    """Count, where Envoy traces: each call's headers are others."""
    row = a_row(stack)
    made = untraced(row)
    return Told(made.observe, lambda: sum(row.read().labelled.values()), begin=made.begin)


def _tracing(every: int) -> Callable[[ExitStack], Told]:
    """Count, and trace one check in so many; 0: none."""

    def told(stack: ExitStack) -> Told:
        row = a_row(stack)
        made = traced(stack, row, every)

        def is_whole(asked: int) -> bool:
            return made.spans() == (asked // every if every else 0)

        return Told(made.observe, lambda: sum(row.read().labelled.values()), begin=made.begin, is_whole=is_whole)

    return told


#: By the name of its line, what it is, and what makes it. Each is given what closes what it opened.
VARIANTS: dict[str, tuple[str, Callable[[ExitStack], Told]]] = {
    "metrics": ("metrics", _metrics),
    "denials": ("and denials of late, of which there are none", _logging(0)),
    "log-100": ("and the decision log of one in 100", _logging(100)),
    "log-all": ("and of all", _logging(1)),
    "untraced": ("metrics where Envoy traces, whose calls have headers of their own", _untraced_calls),
    "tracing-0": ("and tracing, none sampled", _tracing(0)),
    "tracing-100": ("and one in 100 sampled", _tracing(100)),
}


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure all variants against telling nobody."""
    key, public = a_key()
    requests = [request(token) for token in tokens(key, min(TOKENS, size.number(10 * TOKENS, 100)))]
    runner = stack.enter_context(asyncio.Runner())

    async def made(make: Callable[[ExitStack], Told]) -> Told:
        return make(stack)

    def one(make: Callable[[ExitStack], Told]) -> Subject:
        return subject(runner.run(made(make)), make_trust(public), requests, runner, stack)

    nobody = Baseline("telling nobody", one(_nothing))
    return [
        Measurement(f"told-{name}", what, Unit.MICROSECONDS, one(make), nobody)
        for name, (what, make) in VARIANTS.items()
    ]
