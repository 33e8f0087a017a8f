"""Many new tokens at once, where there is no pool: all of them have their turn."""

import asyncio

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Step, Verdict, Verify
from sidecar.verify.hybrid import Hybrid
from sidecar.verify.routing import Costs, Limits, Route, usual_budget
from sidecar.verify.turns import Turns
from support.keypairs import pair


def _need(number: int) -> Verify:
    def never(_verdict: Verdict, _now: float) -> Step:
        raise AssertionError

    source = f"10.0.{number // 250}.{number % 250}"
    key = pair(Algorithm.EDDSA).public
    return Verify(bytes(32), bytes(32), Algorithm.EDDSA, key, b"message", bytes(64), never, source)


def test_slow_beginning_sheds_nobody() -> None:
    """A loop that is late by the burst itself, as it is read and parsed, is no reason to turn anybody away."""
    found: list[Route] = []

    async def verify(need: Verify) -> Verdict:
        return Verdict(need.token_digest, need.trust_digest, valid=True)

    async def go() -> None:
        costs = Costs()
        costs.verify.add(0.00005)
        hybrid = Hybrid(
            None,
            Turns(costs, verify),
            Limits(batch_size_threshold=4, wait_seconds=10.0),
            costs,
            1.0,
            usual_budget(),
            lambda where, _ended: found.append(where),
        )
        hybrid._lag.add(1.0)  # all of them were read in one go
        verdicts = await asyncio.gather(*(hybrid.verify(_need(number)) for number in range(300)))
        assert all(one.valid for one in verdicts)

    asyncio.run(go())
    assert found == [Route.INLINE] * 300
