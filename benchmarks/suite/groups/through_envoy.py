"""End to end: a real Envoy with one worker asks a sidecar of one server; against no filter, and Envoy's own jwt_authn.

Contenders, Envoy and expectations are those of ``peers``: each must answer eleven requests rightly before it is
measured. Here the load is Python's own, so that no program is needed that is not there; ``make bench-peers`` has
more of it.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import uvloop
from peers import measure
from peers.contender import Bench, Contender
from peers.contenders import jwt_authn, none, ours
from peers.http_load import send_each
from peers.soak import request, written
from peers.tokens import Keys
from peers.tools import Tools

from suite.given.asking import percentile
from suite.given.http_load import keep_time
from suite.given.sidecars import cpu_seconds
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import Together

TITLE = "end to end through a real Envoy, one server, the load on the same processors"
COSTLY = True
TOKENS, REQUESTS, CONNECTIONS = 500, 10_000, 32
#: Requests a second, and seconds, of what latencies are about.
RATE, SECONDS = 500.0, 4.0
_OURS, _NONE, _ENVOYS = "native-uds", "none", "jwt_authn-cached"
_ALL: tuple[Contender, ...] = (*none.CONTENDERS, *ours.CONTENDERS, *jwt_authn.CONTENDERS)


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure CPU of Envoy and sidecar together and apart, and latencies at a fixed rate."""
    runner, keys = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop)), Keys()
    known = {one.name: one for one in _ALL}
    nothing, mine, envoys = (
        Together(_asked(stack, runner, size, known[name], keys)) for name in (_NONE, _OURS, _ENVOYS)
    )

    def alone(place: int) -> Baseline:
        return Baseline("Envoy without a filter", nothing.of(place))

    def own(place: int) -> Baseline:
        return Baseline("Envoy's own jwt_authn and rbac, tokens cached", envoys.of(place))

    micro, milli, fixed = Unit.MICROSECONDS, Unit.MILLISECONDS, f"at {RATE:.0f} requests a second"
    return [
        Measurement("envoy-cpu", "Envoy and sidecar, a request", micro, mine.of(0), alone(0)),
        Measurement("envoy-cpu-own", "the same", micro, mine.of(0), own(0)),
        Measurement("envoy-sidecar-cpu", "the sidecar's part of it", micro, mine.of(1)),
        Measurement("envoy-p50", f"median {fixed}", milli, mine.of(2), alone(2)),
        Measurement("envoy-p99", f"p99 {fixed}", milli, mine.of(3), alone(3)),
        Measurement("envoy-p99-own", "the same", milli, mine.of(3), own(3)),
    ]


def _asked(
    stack: ExitStack, runner: asyncio.Runner, size: Size, contender: Contender, keys: Keys
) -> Callable[[], tuple[float, float, float, float]]:
    """Start a contender; return what gives seconds of CPU of all, of the sidecar, and the median and p99 latency."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-")))
    running = measure.start(contender, Bench(folder, Tools(), keys), stack)
    number = size.number(REQUESTS, 100)
    requests = [written(request(keys.token(f"user-{each}"), each)) for each in range(min(TOKENS, number))]
    seconds = max(SECONDS * size.scale, 0.2)
    runner.run(send_each(running.port, requests, 2 * len(requests), 2))

    def ask() -> tuple[float, float, float, float]:
        envoy, sidecar = cpu_seconds(running.envoy), cpu_seconds(running.sidecar)
        answered = runner.run(send_each(running.port, requests, number, CONNECTIONS))
        assert answered == number, f"{number - answered} of {number} were refused or lost"  # noqa: S101 - the answers
        all_of_envoy, spent = cpu_seconds(running.envoy) - envoy, cpu_seconds(running.sidecar) - sidecar
        latencies = runner.run(keep_time(running.port, requests, RATE, seconds, CONNECTIONS))
        return (
            (all_of_envoy + spent) / number,
            spent / number,
            percentile(latencies, 0.5),
            percentile(latencies, 0.99),
        )

    return ask
