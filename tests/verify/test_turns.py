"""Verifying in the server: one in each turn of the loop."""

import asyncio
from itertools import pairwise

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Step, Verdict, Verify
from sidecar.verify.routing import Costs
from sidecar.verify.turns import Turns
from support.keypairs import pair


def _need(number: int) -> Verify:
    def never(_verdict: Verdict, _now: float) -> Step:
        raise AssertionError

    return Verify(bytes([number] * 32), bytes(32), Algorithm.EDDSA, pair().public, b"message", bytes(64), never)


def test_others_go_on_between_any_two() -> None:
    """However many come at once, in their order, the loop goes round between any two of them."""
    seen: list[str] = []

    async def verify(need: Verify) -> Verdict:
        seen.append(str(need.token_digest[0]))
        return Verdict(need.token_digest, need.trust_digest, valid=True)

    async def others() -> None:
        while True:
            seen.append("-")
            await asyncio.sleep(0)

    async def go() -> None:
        turns = Turns(Costs(), verify)
        tasks = [asyncio.create_task(turns.verify(_need(number))) for number in range(5)]
        going_on = asyncio.create_task(others())
        await asyncio.sleep(0)
        assert turns.waiting == 4  # the first had its turn at once
        await asyncio.gather(*tasks)
        going_on.cancel()
        assert turns.waiting == 0

    asyncio.run(go())
    assert [one for one in seen if one != "-"] == list("01234")
    verified = [place for place, one in enumerate(seen) if one != "-"]
    assert all(later - earlier > 1 for earlier, later in pairwise(verified))


def test_what_fails_or_is_given_up_holds_up_nobody() -> None:
    """An error is its caller's alone, and who does not wait any more leaves the turn to the next."""

    async def verify(need: Verify) -> Verdict:
        if need.token_digest[0] == 0:
            raise ValueError("no key for that")
        return Verdict(need.token_digest, need.trust_digest, valid=True)

    async def go() -> None:
        turns = Turns(Costs(), verify)
        broken, given_up, good = (asyncio.create_task(turns.verify(_need(number))) for number in range(3))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(ValueError, match="no key"):
            await broken
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert (await good).valid
        assert turns.waiting == 0

    asyncio.run(go())
