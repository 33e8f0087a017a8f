"""Memory: what is kept for a check, what it takes meanwhile, and what an active token takes."""

import asyncio
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import uvloop

from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Verdict, Verify
from sidecar.demo.stack import sidecar_addresses
from sidecar.engine.local_cache import LocalCache
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from suite.given.asking import keep_asking
from suite.given.asking import request as plain_request
from suite.given.caching import LATER, SEED, key_of, value_of
from suite.given.sidecars import family, started, workspace
from suite.given.trust import NOW, a_key, make_trust, request, tokens
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import Together

TITLE = "memory"
COSTLY = True
TOKENS, CHECKS, BUDGET = 2000, 200_000, 4 << 20


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure the core by what Python allocates, the shared cache by its size, and a server by what is its own."""
    in_the_core, growth = Together(lambda: _core(size.number(TOKENS, 10))), Together(_server(size, stack))
    byte, mebi = Unit.BYTES, Unit.MEBIBYTES
    return [
        Measurement("kept", "kept for a check of a remembered token", byte, in_the_core.of(1)),
        Measurement("meanwhile", "taken meanwhile, for that check alone", byte, in_the_core.of(2)),
        Measurement("token-local", "an active token, in a server's local cache", byte, in_the_core.of(0)),
        Measurement("token-shared", "an active token, in the shared cache, 400 bytes", byte, _shared(size)),
        Measurement(
            "server-memory",
            f"a server, its own memory after {size.number(CHECKS, 100):,} checks",
            mebi,
            growth.of(1),
            Baseline("before", growth.of(0)),
        ),
    ]


def _core(number: int) -> tuple[float, float, float]:
    """Return the bytes for a token that is remembered, kept for a check of such, and taken while it is made."""
    key, public = a_key()
    trust, raw = make_trust(public), [request(token) for token in tokens(key, number)]
    checker = Checker(lambda: trust, recent=LocalCache(number))
    # With this one all that is made once is there.
    _checked(checker, raw[0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for each in raw[1:]:
            _checked(checker, each)
        remembered = tracemalloc.get_traced_memory()[0] - before
        for each in raw:  # the first time that they are recalled, plans are made
            _checked(checker, each)
        before = tracemalloc.get_traced_memory()[0]
        for each in raw:
            _checked(checker, each)
        kept = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        _checked(checker, raw[0])
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return remembered / (number - 1), kept / number, float(peak)


def _checked(checker: Checker, raw: bytes) -> None:
    """Check; a signature is taken for good: what it takes is not looked at here."""
    step = checker.begin(raw, NOW)
    if isinstance(step, Verify):
        step = step.resume(Verdict(step.token_digest, step.trust_digest, valid=True), NOW)
    assert isinstance(step, Decided)  # noqa: S101 - it was answered


def _shared(size: Size) -> Take:
    """Return what takes the segment's bytes for each entry that is in it once it was filled threefold."""
    budget = max(int(BUDGET * size.scale), 1 << 16)

    def take() -> float:
        with segment.create(budget) as shared:
            cache = SharedCache(shared, SEED)
            keys = [key_of(number) for number in range(3 * cache.slots)]
            for key in keys:
                cache.put(key, value_of(key), LATER, NOW)
            return shared.size / sum(cache.get(key, NOW) is not None for key in keys)

    return take


def _server(size: Size, stack: ExitStack) -> Callable[[], tuple[float, float]]:
    """Start a sidecar; return what gives the bytes of its server before and after checks."""
    made = workspace(stack)
    process, checks = started(stack, made), size.number(CHECKS, 100)
    (server,) = family(process, ("authz-server",))
    requests = [plain_request(made.token(jti=str(number))) for number in range(min(500, checks))]
    runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
    addresses = sidecar_addresses(process)
    runner.run(keep_asking(addresses, requests, 2 * len(requests), 1))

    def grown() -> tuple[float, float]:
        before = _own(server)
        runner.run(keep_asking(addresses, requests, checks, 32))
        return before, _own(server)

    return grown


def _own(pid: int) -> float:
    """Return the bytes of a process' anonymous memory: what it maps of shared memory belongs to all."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return float(text.partition("\nAnonymous:")[2].split()[0]) * 1024
