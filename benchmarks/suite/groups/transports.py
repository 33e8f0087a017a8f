"""The transports: one server with the native one, and with gRPC's own, asked straight at its socket."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

import uvloop

from sidecar.demo.stack import sidecar_addresses
from suite.given.asking import keep_asking, request
from suite.given.sidecars import cpu_seconds, family, started, workspace
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import Together

TITLE = "transports, one server, the load on the same processors"
COSTLY = True
TOKENS, IN_FLIGHT = 500, 32
#: Checks of a value; of those one after the other a tenth.
CHECKS = {"native": 100_000, "grpcio": 10_000}


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure CPU of the server, checks a second, and how long a lone check takes."""
    runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
    native, grpcio = (Together(_asked(stack, runner, size, transport)) for transport in CHECKS)

    def line(place: int, name: str, what: str, unit: Unit) -> Measurement:
        return Measurement(name, what, unit, native.of(place), Baseline("grpcio", grpcio.of(place)))

    return [
        line(0, "native-cpu", f"native, of the server, a check, {IN_FLIGHT} in flight", Unit.MICROSECONDS),
        line(1, "native-rate", f"native, checks, {IN_FLIGHT} in flight", Unit.RATE),
        line(2, "native-lone", "native, a check, one in flight", Unit.MILLISECONDS),
    ]


def _asked(
    stack: ExitStack, runner: asyncio.Runner, size: Size, transport: str
) -> Callable[[], tuple[float, float, float]]:
    """Start a sidecar; return what gives seconds of its server's CPU a check, by the clock, and of a lone check."""
    made = workspace(stack, transport=transport)
    process, checks = started(stack, made), size.number(CHECKS[transport], 100)
    addresses, server = sidecar_addresses(process), family(process, ("authz-server",))
    requests = [request(made.token(jti=str(number))) for number in range(min(TOKENS, checks))]
    runner.run(keep_asking(addresses, requests, 2 * len(requests), 1))

    def ask() -> tuple[float, float, float]:
        before = cpu_seconds(server)
        seconds = runner.run(keep_asking(addresses, requests, checks, IN_FLIGHT))
        spent = cpu_seconds(server) - before
        few = max(checks // 10, 10)
        return spent / checks, seconds / checks, runner.run(keep_asking(addresses, requests, few, 1)) / few

    return ask
