"""An attack with forged tokens beside callers who are known, and some who come for the first time.

Open loop, straight to two servers' sockets. Forged tokens have a known kid and issuer and valid claims, and a signature
of 64 random bytes, each new, so that nothing but cryptography can refuse them; they come from a few addresses of their
own. Those are to be turned away, and nobody else.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from h2_client import Client, connect

from sidecar.core.base64url import encode
from sidecar.demo.stack import sidecar_addresses
from sidecar.demo.workspace import Workspace
from suite.given.asking import CHECK, all_answered, is_allowed, keep_time, percentile, request
from suite.given.sidecars import started
from suite.given.sidecars import workspace as prepared
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import Together

TITLE = "an attack: 2,000 checks a second by known callers, 3,000 forged, 100 for the first time"
COSTLY = True
#: Calls a second, and the seconds that it lasts.
KNOWN, FORGED, FIRST, SECONDS = 2000.0, 3000.0, 100.0, 4.0
#: Connections to each server, as Envoy's two workers have.
CONNECTIONS, KNOWN_TOKENS = 2, 500


@dataclass(eq=False)
class _Kind:
    """One kind of caller, and what came of its calls."""

    rate: float
    request: Callable[[int], bytes]
    allowed: int = 0
    asked: int = 0
    latencies: list[float] = field(default_factory=list)

    def answered(self, due: float, message: bytes) -> None:
        self.asked += 1
        self.latencies.append(time.perf_counter() - due)
        self.allowed += is_allowed(message)

    @property
    def part(self) -> float:
        """Return the part of calls that were allowed."""
        return self.allowed / max(self.asked, 1)


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure how long known callers wait, and who is let in, with an attack and without one."""
    made = prepared(stack, servers=2, verifiers=1)
    addresses, seconds = sidecar_addresses(started(stack, made)), max(SECONDS * size.scale, 0.2)
    runner = stack.enter_context(asyncio.Runner())
    known = [request(made.token(jti=f"known-{number}")) for number in range(KNOWN_TOKENS)]
    names, rate = count(), min(1.0, max(0.1, 10 * size.scale))

    def values(forged: float, first: float) -> tuple[float, float, float]:
        kinds = (
            _Kind(KNOWN * rate, lambda number: known[number % len(known)]),
            _Kind(forged * rate, _forged(made)),
            _Kind(first * rate, lambda _: request(made.token(jti=f"first-{next(names)}"), "10.0.1.1")),
        )
        runner.run(_attack(addresses, kinds, known, seconds))
        assert not kinds[1].allowed, "a forged token was let in"  # noqa: S101 - the answers are what it is about
        return percentile(kinds[0].latencies, 0.99), kinds[0].part, kinds[2].part

    attack, quiet = Together(partial(values, FORGED, FIRST)), Together(partial(values, 0.0, 0.0))
    return [
        Measurement(
            "attack-p99", "p99 of known callers", Unit.MILLISECONDS, attack.of(0), Baseline("no attack", quiet.of(0))
        ),
        Measurement(
            "attack-known", "known callers let in", Unit.PERCENT, attack.of(1), Baseline("no attack", quiet.of(1))
        ),
        Measurement("attack-first", "callers for the first time let in", Unit.PERCENT, attack.of(2)),
    ]


def _forged(made: Workspace) -> Callable[[int], bytes]:
    signed = made.token(jti="forged").rpartition(".")[0]
    return lambda number: request(f"{signed}.{encode(secrets.token_bytes(64)).decode()}", f"10.6.6.{number % 5}")


async def _attack(addresses: tuple[str, ...], kinds: tuple[_Kind, ...], known: list[bytes], seconds: float) -> None:
    """Make the known ones known to every server, then let all loose."""
    clients: list[list[Client]] = [
        [await connect(one, CHECK, kind.answered) for one in addresses for _ in range(CONNECTIONS)] for kind in kinds
    ]
    for client in clients[0]:
        for each in known:
            client.call(time.perf_counter(), each)
        await all_answered([client])
    kinds[0].asked, kinds[0].allowed = 0, 0
    kinds[0].latencies.clear()
    await asyncio.gather(
        *(
            keep_time(ours, kind.rate, seconds, kind.request)
            for kind, ours in zip(kinds, clients, strict=True)
            if kind.rate
        )
    )
    for ours, kind in zip(clients, kinds, strict=True):
        await all_answered(ours)
        kind.asked += sum(client.waiting for client in ours)
        for client in ours:
            client.close()
