"""Where signatures are verified, and what becomes of them when there is no time."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Verdict, Verify
from sidecar.observe.series import Verification
from sidecar.verify.hybrid import Hybrid, ShedError
from sidecar.verify.pool.pool import Pool
from sidecar.verify.routing import Costs, Limits, Route, usual_budget
from sidecar.verify.source import source_of
from sidecar.verify.turns import Turns
from support.keypairs import pair

#: One for another algorithm, which nothing can be verified with.
_NO_KEY = pair(Algorithm.ES256).public


class FakePool(Pool):
    """A pool that is always as full as it is told to be, and says that every signature is good."""

    def __init__(self, full: bool) -> None:  # noqa: FBT001 - what the test is about
        self.asked = 0
        self._full = full

    @property
    def capacity(self) -> int:
        """Return how many may wait."""
        return 1

    @property
    def waiting(self) -> int:
        """Return how many jobs wait."""
        return int(self._full)

    async def verify(self, need: Verify, timeout: float) -> Verdict:  # noqa: ARG002, ASYNC109 - the pool's
        """Answer."""
        self.asked += 1
        return Verdict(need.token_digest, need.trust_digest, valid=True)

    async def verify_many(
        self,
        needs: Sequence[Verify],
        timeout: float,  # noqa: ARG002, ASYNC109 - the pool's
    ) -> Sequence[Verdict | None]:
        """Answer the first one alone."""
        self.asked += 1
        return [Verdict(needs[0].token_digest, needs[0].trust_digest, valid=True), *[None] * (len(needs) - 1)]


def _need(source: str = "10.0.0.1") -> Verify:
    def never(_verdict: Verdict, _now: float) -> Any:  # noqa: ANN401 - not called
        raise AssertionError

    key = pair(Algorithm.EDDSA).public
    return Verify(bytes(32), bytes(32), Algorithm.EDDSA, key, b"message", bytes(64), never, source)


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def _hybrid(pool: Pool | None, seen: list[tuple[Route, Verification]], threshold: int = 4) -> Hybrid:
    limits, costs = Limits(batch_size_threshold=threshold, lag_seconds=1e9), Costs()
    return Hybrid(pool, Turns(costs), limits, costs, 1.0, usual_budget(), lambda *told: seen.append(told))


def test_lone_miss_is_verified_here() -> None:
    """A single new token does not go to another process."""
    seen: list[tuple[Route, Verification]] = []
    pool = FakePool(full=False)

    async def work() -> None:
        assert not (await _hybrid(pool, seen).verify(_need())).valid

    _run(work)
    assert (seen, pool.asked) == ([(Route.INLINE, Verification.INVALID)], 0)


def test_burst_goes_to_the_pool() -> None:
    """From the threshold on new tokens that came together go to verifiers; those before it are done by then."""
    seen: list[tuple[Route, Verification]] = []
    pool = FakePool(full=False)

    async def work() -> None:
        one = _hybrid(pool, seen)
        await asyncio.gather(*(one.verify(_need(f"10.0.0.{number}")) for number in range(20)))

    _run(work)
    assert pool.asked >= 16
    assert len(seen) == 20


def test_what_comes_to_no_verdict_is_told_of() -> None:
    """A caller that goes away, and a verification that raises, each once."""
    seen: list[tuple[Route, Verification]] = []

    async def never(_need: Verify) -> Verdict:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def fails(_need: Verify) -> Verdict:
        raise ValueError("no key for it")

    async def work() -> None:
        costs = Costs()
        for verify, error in ((never, TimeoutError), (fails, ValueError)):
            turns = Turns(costs, verify)
            one = Hybrid(None, turns, Limits(4), costs, 1.0, usual_budget(), lambda *told: seen.append(told))
            with pytest.raises(error):
                async with asyncio.timeout(0.2):
                    await one.verify(_need())

    _run(work)
    assert seen == [(Route.INLINE, Verification.LATE), (Route.INLINE, Verification.FAILED)]


def test_source_of_bad_signatures_is_served_last() -> None:
    """Who sent many bad signatures is shed in a crowd; others are not, and alone it is served."""
    shed: list[str] = []

    async def work() -> None:
        limits, costs = Limits(batch_size_threshold=4, lag_seconds=1e9, wait_seconds=0.02), Costs()
        one = Hybrid(None, Turns(costs), limits, costs, 1.0, usual_budget(), lambda _route, _ended: None)
        for _ in range(20):
            await one.verify(_need("10.0.0.66"))

        async def ask(source: str) -> None:
            try:
                await one.verify(_need(source))
            except ShedError:
                shed.append(source)

        await ask("10.0.0.66")
        assert not shed
        await asyncio.gather(*(ask(source) for source in ["10.0.0.7"] * 15 + ["10.0.0.66", "10.0.0.8"] * 3))

    _run(work)
    assert set(shed) == {"10.0.0.66"}


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::2", "2001:db8::/64"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_source(address: str, source: str) -> None:
    """A sender has an IPv4 address, and 64 bits of IPv6."""
    assert source_of(address) == source


def test_in_bulk() -> None:
    """What no check waits for goes to the pool in one piece, however full, and is never shed.

    What the pool says nothing of, or all where there is none, is verified here; one that cannot be has no verdict.
    """
    seen: list[tuple[Route, Verification]] = []
    pool = FakePool(full=True)

    async def work() -> None:
        one, other = _need(), _need()
        found = await _hybrid(pool, seen).verify_in_bulk([one, other, replace(other, key=_NO_KEY)])
        assert list(found) == [
            Verdict(one.token_digest, one.trust_digest, valid=True),
            Verdict(other.token_digest, other.trust_digest, valid=False),
            None,
        ]
        assert [verdict and verdict.valid for verdict in await _hybrid(None, seen).verify_in_bulk([one])] == [False]

    _run(work)
    assert seen == [
        (Route.POOL, Verification.VALID),
        (Route.INLINE, Verification.INVALID),
        (Route.INLINE, Verification.FAILED),
        (Route.INLINE, Verification.INVALID),
    ]
    assert pool.asked == 1
