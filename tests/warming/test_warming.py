"""Tokens are read, verified and remembered a few at a time, and each ends as it would alone."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import pytest

from sidecar.core.identity import Identity
from sidecar.core.needs import Verdict, Verify
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.runtime.serving.warming import AT_ONCE, TOGETHER, Warming
from sidecar.verify.signature import verify
from support.keypairs import pair
from support.tokens import claims, mint
from support.trusts import trust

_TRUST = trust()


@pytest.fixture
def cache() -> Iterator[SharedTokenCache]:
    """Return a shared cache."""
    with segment.create(4 << 20) as memory:
        yield SharedTokenCache(SharedCache(memory, 1), bytes(32))


def _token(name: str, **changes: object) -> str:
    now = int(time.time())
    return mint(claims(**{"sub": name, "iat": now - 10, "exp": now + 600, **changes}))


async def _verified(needs: Sequence[Verify]) -> Sequence[Verdict | None]:
    return [
        Verdict(one.token_digest, one.trust_digest, verify(one.algorithm, one.key, one.signing_input, one.signature))
        for one in needs
    ]


def test_each_by_itself(cache: SharedTokenCache) -> None:
    """Bad ones among good ones spoil nobody; what was warmed is known the next time, with its own claims."""
    good = [_token(f"user{number}") for number in range(50)]
    head, payload, signature = _token("mallory").split(".")
    bad = [
        f"{head}.{_token('admin').split('.')[1]}.{signature}",
        "nothing",
        _token("late", exp=1),
        "",
        f"{head}.{payload}",
    ]
    mixed = [token for some in zip(good, bad * 10, strict=True) for token in some]
    warming = Warming(lambda: _TRUST, _verified, cache)
    expected = {"warmed": len(good), "bad_signature": 10, "token_malformed": 30, "token_expired": 10}
    assert asyncio.run(warming.warm(mixed)) == expected
    assert asyncio.run(warming.warm(good)) == {"known": len(good)}
    found = [cache.get(token.encode(), _TRUST, time.time()) for token in good]
    assert [one.subject for one in found if isinstance(one, Identity)] == [f"user{n}" for n in range(len(good))]
    assert not any(isinstance(cache.get(token.encode(), _TRUST, time.time()), Identity) for token in bad)


def test_no_more_at_once(cache: SharedTokenCache) -> None:
    """However many there are, no more than so many wait for verdicts, in pieces of a few."""
    waiting, most, pieces = 0, 0, set[int]()

    async def slowly(needs: Sequence[Verify]) -> Sequence[Verdict | None]:
        nonlocal waiting, most
        waiting += len(needs)
        most = max(most, waiting)
        pieces.add(len(needs))
        await asyncio.sleep(0.001)
        waiting -= len(needs)
        return await _verified(needs)

    tokens = [_token(f"user{number}") for number in range(AT_ONCE + 2 * TOGETHER)]
    assert asyncio.run(Warming(lambda: _TRUST, slowly, cache).warm(tokens)) == {"warmed": len(tokens)}
    assert (most, pieces) == (AT_ONCE, {TOGETHER})


def test_what_cannot_be_verified(cache: SharedTokenCache) -> None:
    """A token without a verdict, or with another's, is not remembered."""

    async def odd(needs: Sequence[Verify]) -> Sequence[Verdict | None]:
        good = await _verified(needs)
        return [None, good[0], *good[2:]]

    tokens = [_token(f"user{number}") for number in range(4)]
    counts = asyncio.run(Warming(lambda: _TRUST, odd, cache).warm(tokens))
    assert counts == {"internal_error": 2, "warmed": 2}
    assert [cache.get(token.encode(), _TRUST, time.time()) for token in tokens[:2]] == [None, None]
    other = pair(owner="another")
    now = int(time.time())
    forged = mint(claims(sub="x", iat=now, exp=now + 60), other)
    assert asyncio.run(Warming(lambda: _TRUST, _verified, cache).warm([forged])) == {"bad_signature": 1}
