"""Statements are signed once each, in batches, again where it failed, and never without time left."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from tokens.keyfiles import minting
from tokens.test_minter import read

from sidecar.core.assertion import Minted, Statement
from sidecar.tokens import assertions
from sidecar.tokens.assertions import Assertions
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.errors import SigningUnavailableError
from sidecar.tokens.public import PublicKeys
from sidecar.tokens.signer import HeldSigner
from support.tokens import AUDIENCE, ISSUER, NOW

KEYS = MintingKeys(minting())
_Got = TypeVar("_Got")


@dataclass
class Signer:
    """Signs, after it has failed so often; remembers how many it was asked for at a time."""

    failures: int = 0
    asked: list[int] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def sign(self, payloads: Sequence[bytes], token_type: str, timeout: float) -> list[bytes]:  # noqa: ASYNC109 - Signer's
        """Sign them, or fail."""
        self.asked.append(len(payloads))
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise SigningUnavailableError("not now")
        return await HeldSigner(KEYS).sign(payloads, token_type, timeout)

    async def public_keys(self, timeout: float) -> PublicKeys:  # noqa: ARG002, ASYNC109 - Signer's
        """Return the keys."""
        return KEYS.public

    def told(self) -> PublicKeys | None:
        """Return the keys."""
        return KEYS.public


def statement(name: str = "s", not_after: int = int(NOW) + 3600, **more: str) -> Statement:
    """Return one."""
    return Statement(ISSUER, "at+jwt", 300, not_after, {"sub": name, "aud": AUDIENCE, **more})


def with_assertions(
    signer: Signer, use: Callable[[Assertions], Awaitable[_Got]], counts: Counter[bool] | None = None
) -> _Got:
    """Run something that mints, and close."""

    async def go() -> _Got:
        def observe(signed: bool, count: int) -> None:  # noqa: FBT001 - an outcome
            if counts is not None:
                counts[signed] += count

        made = Assertions(signer, lambda: NOW, 1.0, observe)
        try:
            return await use(made)
        finally:
            made.close()

    return asyncio.run(go())


def test_what_is_minted() -> None:
    """A token that PyJWT reads, with the times that are told beside it."""
    minted = with_assertions(Signer(), lambda made: made.mint(statement()))
    assert minted is not None
    payload = read(minted.token.encode(), KEYS.current.public)
    assert (payload["iat"], payload["exp"]) == (minted.issued, minted.expires) == (int(NOW), int(NOW) + 300)
    assert payload["sub"] == "s"


def test_identity_that_ends_sooner() -> None:
    """It ends with its identity; where no second is left, nothing is signed."""
    signer = Signer()
    minted = with_assertions(signer, lambda made: made.mint(statement(not_after=int(NOW) + 7)))
    assert minted is not None
    assert minted.expires == int(NOW) + 7
    assert with_assertions(signer, lambda made: made.mint(statement(not_after=int(NOW)))) is None
    assert signer.asked == [1]


def test_one_turn_is_one_batch_and_the_same_is_signed_once() -> None:
    """All that is asked for in one turn is signed together, what says the same once; who leaves disturbs nobody."""
    signer, counts = Signer(), Counter[bool]()

    async def use(made: Assertions) -> list[Minted | None]:
        tasks = [asyncio.create_task(made.mint(statement(name))) for name in ("a", "b", "a", "c", "a")]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return list(await asyncio.gather(*tasks[1:]))

    b, a, c, again = with_assertions(signer, use, counts)
    assert a == again
    assert len({one.token for one in (a, b, c) if one is not None}) == 3
    assert signer.asked == [3]
    assert counts == {True: 3, False: 0}


def test_what_is_too_large_harms_nobody() -> None:
    """One that fits into no job is not signed; those beside it are."""

    async def use(made: Assertions) -> list[Minted | None]:
        return list(await asyncio.gather(made.mint(statement("large", text="x" * 16_000)), made.mint(statement())))

    large, usual = with_assertions(Signer(), use)
    assert large is None
    assert usual is not None


def test_signed_again_after_a_failure() -> None:
    """Where nobody signs now, somebody may in a moment."""
    signer = Signer(failures=3)
    assert with_assertions(signer, lambda made: made.mint(statement())) is not None
    assert signer.asked == [1, 1, 1, 1]


def test_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody ever signs there is nothing, and it is counted."""
    monkeypatch.setattr(assertions, "PATIENCE", 0.05)
    counts = Counter[bool]()
    assert with_assertions(Signer(failures=10**6), lambda made: made.mint(statement()), counts) is None
    assert counts[False] == 1


def test_bounded_and_closed() -> None:
    """Beyond so many at once, and after the end, nothing is signed; who still waits is told."""
    signer, counts = Signer(), Counter[bool]()

    async def use(made: Assertions) -> None:
        signer.gate = asyncio.Event()
        tasks = [asyncio.create_task(made.mint(statement(str(name)))) for name in range(assertions.MOST)]
        await asyncio.sleep(0)
        assert await made.mint(statement("one more")) is None
        await asyncio.sleep(0)
        made.close()
        assert set(await asyncio.gather(*tasks)) == {None}
        assert await made.mint(statement("late")) is None

    with_assertions(signer, use, counts)
    assert counts[False] >= 2


def test_asked_for_again() -> None:
    """A statement that was signed a moment ago is the same token; one that is older, or forgotten, is signed anew."""
    signer, clock = Signer(), [NOW]

    async def use() -> list[Minted | None]:
        made, found = Assertions(signer, lambda: clock[0], 1.0), []
        for now in (NOW, NOW + 99, NOW + 101, NOW + 50):
            clock[0] = now
            found.append(await made.mint(statement()))
        made.forget()
        found.append(await made.mint(statement()))
        made.close()
        return found

    first, again, renewed, back, anew = asyncio.run(use())
    assert first == again
    assert len({one.token for one in (first, renewed, back, anew) if one is not None}) == 4
    assert signer.asked == [1, 1, 1, 1]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was signed longest ago makes room."""
    monkeypatch.setattr(assertions, "_KEPT", 2)
    signer = Signer()

    async def use(made: Assertions) -> None:
        for name in ("a", "b", "c", "c", "b", "a"):
            await made.mint(statement(name))

    with_assertions(signer, use)
    assert len(signer.asked) == 4
