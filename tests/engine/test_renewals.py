"""Renewals in the background, and checks that wait for an assertion."""

import asyncio

from core.test_assertions import settings
from sidecar.core.assertion import Minted, Statement
from sidecar.core.check import Checker
from sidecar.engine import renewals
from sidecar.engine.engine import Engine, Services
from sidecar.engine.renewals import BackgroundRenewals
from sidecar.verify.inline import verify_inline
from support.answers import Answer, read_answer
from support.requests import with_token
from support.tokens import NOW, mint
from support.trusts import trust

STATEMENT = Statement("i", "JWT", 300, 2000, {"sub": "s", "aud": "a"})
MINTED = Minted("token", 1000, 1300)


def _asked(mint_one: object, timeout: float | None = None) -> Answer:
    in_force = trust(assertion=settings())
    services = Services(verify_inline, mint_one)  # type: ignore[arg-type] # each test's own
    engine = Engine(Checker(lambda: in_force), services, lambda: NOW, lambda: "api")
    return read_answer(asyncio.run(engine.check(with_token(mint()), timeout)))


def test_signed() -> None:
    """A check waits for its assertion and passes with it."""

    async def signs(_: Statement) -> Minted:
        return Minted("token", int(NOW), int(NOW) + 300)

    assert _asked(signs).header("x-auth-assertion") == "token"


def test_nobody_signs_in_time() -> None:
    """A check whose deadline comes while it waits for its assertion is denied with the reason for that."""

    async def hangs(_: Statement) -> None:
        await asyncio.get_running_loop().create_future()

    denied = _asked(hangs, 0.02)
    assert (denied.status, denied.reason) == (503, "assertion_unavailable")


def test_signing_fails() -> None:
    """Whatever a signer raises is a denial."""

    async def fails(_: Statement) -> None:
        raise RuntimeError("a fault")

    assert _asked(fails).reason == "internal_error"


def test_without_a_signer() -> None:
    """Where a configuration asserts and nobody signs, nothing passes."""
    in_force = trust(assertion=settings())
    engine = Engine(Checker(lambda: in_force), Services(verify_inline), lambda: NOW, lambda: "api")
    assert read_answer(asyncio.run(engine.check(with_token(mint())))).reason == "assertion_unavailable"


def test_renewed() -> None:
    """What was signed is handed over; what was not, or raised, is not, and says nothing."""

    async def go() -> list[Minted]:
        answers: list[Minted | Exception | None] = [MINTED, None, RuntimeError()]

        async def signs(_: Statement) -> Minted | None:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        found: list[Minted] = []
        background = BackgroundRenewals(signs)
        for _ in range(3):
            background.begin(STATEMENT, found.append)
        for _ in range(5):
            await asyncio.sleep(0)
        assert answers == []
        return found

    assert asyncio.run(go()) == [MINTED]


def test_bounded() -> None:
    """No more than so many at once; those that are given up hand nothing over."""

    async def go() -> int:
        begun = 0

        async def hangs(_: Statement) -> Minted | None:
            nonlocal begun
            begun += 1
            await asyncio.get_running_loop().create_future()
            return MINTED

        found: list[Minted] = []
        background = BackgroundRenewals(hangs)
        for _ in range(renewals.MOST + 50):
            background.begin(STATEMENT, found.append)
        await asyncio.sleep(0)
        background.close()
        await asyncio.sleep(0)
        assert found == []
        return begun

    assert asyncio.run(go()) == renewals.MOST


def test_outside_of_a_loop() -> None:
    """Where there is no loop nothing is renewed, and nothing fails."""

    async def signs(_: Statement) -> Minted:
        return MINTED

    found: list[Minted] = []
    BackgroundRenewals(signs).begin(STATEMENT, found.append)
    assert found == []
