"""Processes: how long they take to start, what memory they have, and what a second server adds."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import uvloop
from peers import cpu

from sidecar.demo.stack import sidecar_addresses
from suite.given.asking import keep_asking, request
from suite.given.sidecars import cpu_seconds, family, started, workspace
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import Together

TITLE = "processes, the load on the same processors"
COSTLY = True
CHECKS, TOKENS, IN_FLIGHT = 100_000, 500, 16


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure starts, servers, and memory."""
    runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
    one, two = (Together(_asked(stack, runner, size, servers)) for servers in (1, 2))
    fork = Baseline("fork", partial(_start, "fork"))
    both = "2 servers and a verifier, until both answer"
    return [
        Measurement("servers-rate", "checks by two servers", Unit.RATE, two.of(0), Baseline("one", one.of(0))),
        Measurement("servers-cpu", "of two servers, a check", Unit.MICROSECONDS, two.of(1), Baseline("one", one.of(1))),
        Measurement("servers-memory", "PSS with two servers", Unit.MEBIBYTES, two.of(2), Baseline("one", one.of(2))),
        Measurement("start-forkserver", f"{both}, forkserver", Unit.SECONDS, partial(_start, "forkserver"), fork),
        Measurement("start-spawn", f"{both}, spawn", Unit.SECONDS, partial(_start, "spawn"), fork),
    ]


def _asked(
    stack: ExitStack, runner: asyncio.Runner, size: Size, servers: int
) -> Callable[[], tuple[float, float, float]]:
    """Start a sidecar; return what gives seconds a check by the clock, of its servers' CPU, and the bytes of all."""
    made = workspace(stack, servers=servers)
    process, checks = started(stack, made), size.number(CHECKS, 100)
    addresses, pids = sidecar_addresses(process), family(process, ("authz-server",))
    requests = [request(made.token(jti=str(number))) for number in range(min(TOKENS, checks))]
    runner.run(keep_asking(addresses, requests, 2 * len(requests) * servers, 1))

    def ask() -> tuple[float, float, float]:
        before = cpu_seconds(pids)
        seconds = runner.run(keep_asking(addresses, requests, checks, IN_FLIGHT))
        spent = cpu_seconds(pids) - before
        return seconds / checks, spent / checks, cpu.pss(family(process)) * 1024.0

    return ask


def _start(method: str) -> float:
    """Return the seconds from exec until all servers answer."""
    with ExitStack() as stack:
        made = workspace(stack, servers=2, verifiers=1)
        began = time.perf_counter()
        started(stack, made, {"AUTHZ_PROCESS_START_METHOD": method})
        return time.perf_counter() - began
