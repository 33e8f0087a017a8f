"""Minted tokens are what PyJWT and the sidecar itself take, by a pool as well as in one process."""

import asyncio
from collections.abc import Sequence
from typing import Any

import jwt
import pytest
from tokens.keyfiles import minting
from tokens.pool.ends import LONG, both, done, opened, settle

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.core.keys import key_set
from sidecar.core.strict_json import Json
from sidecar.keys.jwk import verification_key
from sidecar.tokens.claims import Terms
from sidecar.tokens.minter import Minter, mint_many
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.errors import KeyNotHeldError, SigningUnavailableError
from sidecar.tokens.public import PublicKey
from support.checks import decide
from support.requests import with_token
from support.tokens import AUDIENCE, ISSUER, NOW
from support.trusts import issuer, trust

TERMS = Terms(ISSUER, 600, "at+jwt")


def claims(number: int) -> list[dict[str, Json]]:
    """Return claims of different subjects."""
    return [{"sub": f"subject-{turn}", "aud": AUDIENCE, "groups": ["a", "b"]} for turn in range(number)]


def pooled(number: int, *keys: MintingKeys) -> list[bytes]:
    """Mint by a pool with a worker for each of ``keys``."""

    async def go() -> list[bytes]:
        with both(len(keys)) as ends:
            workers = [ends.worker(turn, each) for turn, each in enumerate(keys)]
            async with opened(ends, *workers) as pool:
                minter = Minter(pool, TERMS, lambda: NOW)
                return await done(asyncio.ensure_future(minter.mint_many(claims(number), LONG)), *workers)

    return asyncio.run(go())


def read(token: bytes, key: PublicKey) -> dict[str, Any]:
    """Return what PyJWT reads, once it has verified it; the times are the tests' own."""
    public = jwt.PyJWK(dict(key.jwk)).key
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    found = jwt.decode_complete(token, public, [key.algorithm.value], options, audience=AUDIENCE, issuer=ISSUER)
    assert found["header"] == {"alg": key.algorithm.value, "kid": key.key_id, "typ": "at+jwt"}
    return dict(found["payload"])


def assert_minted(tokens: Sequence[bytes], key: PublicKey) -> None:
    """See that each says what it was minted for, and that all differ."""
    payloads = [read(token, key) for token in tokens]
    assert [payload["sub"] for payload in payloads] == [f"subject-{turn}" for turn in range(len(tokens))]
    assert len({payload["jti"] for payload in payloads}) == len(tokens)
    now = int(NOW)
    assert all((one["iat"], one["nbf"], one["exp"]) == (now, now, now + 600) for one in payloads)
    assert all(one["groups"] == ["a", "b"] for one in payloads)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_by_a_pool(algorithm: Algorithm) -> None:
    """PyJWT takes every token that the pool mints, in the order they were asked for."""
    keys = MintingKeys(minting(algorithm))
    assert_minted(pooled(25, keys, keys), keys.current.public)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_in_one_process(algorithm: Algorithm) -> None:
    """PyJWT takes every token that is minted without a pool."""
    keys = MintingKeys(minting(algorithm))
    assert_minted(mint_many(keys, TERMS, claims(3), NOW), keys.current.public)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_sidecar_takes_them(algorithm: Algorithm) -> None:
    """The sidecar itself lets them pass under the published key."""
    keys = MintingKeys(minting(algorithm))
    trusted = key_set([verification_key(keys.current.public.jwk)]).keys
    (token,) = mint_many(keys, Terms(ISSUER, 600), claims(1), NOW)
    assert decide(with_token(token.decode()), trust(issuers=[issuer(trusted)])).allowed


def test_nothing_to_mint() -> None:
    """No claims are no tokens, and need no worker."""

    async def go() -> None:
        with both() as ends:
            assert await Minter(ends.pool(), TERMS).mint_many([], 0) == []

    asyncio.run(go())


def test_bad_claims() -> None:
    """One that may not be signed, and none is."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as pool:
                with pytest.raises(ValueError, match="claim sub"):
                    await Minter(pool, TERMS).mint_many([*claims(2), {"aud": "x"}], LONG)
                assert pool.counts.signed == 0

    asyncio.run(go())
    with pytest.raises(ValueError, match="claim exp is given"):
        mint_many(MintingKeys(minting()), TERMS, [{**claims(1)[0], "exp": 1}], NOW)


def named(name: str) -> Any:  # noqa: ANN401 - MintingKey
    """Return a key of its own."""
    return minting(key_id=name, owner=name)


def test_rotation() -> None:
    """While workers are replaced one by one, with keys that overlap, all tokens are good under what is published."""

    async def go() -> None:
        old, new = MintingKeys(named("a"), named("b")), MintingKeys(named("b"), named("c"), named("a"))
        with both(2) as ends:
            workers = [ends.worker(0, old), ends.worker(1, old)]
            async with opened(ends, *workers) as pool:
                minter = Minter(pool, TERMS, lambda: NOW)
                expected = [("a", "a b"), ("b", "b a c"), ("b", "b c a")]
                for turn, (current, published) in enumerate(expected):
                    tokens = await done(asyncio.ensure_future(minter.mint_many(claims(20), LONG)), *workers)
                    keys = await done(asyncio.ensure_future(minter.public_keys(LONG)), *workers)
                    assert " ".join(key.key_id for key in keys.keys) == published
                    assert_minted(tokens, named(current).public)
                    if turn < 2:
                        workers[turn] = ends.worker(turn, new)
                        await settle(*workers)

    asyncio.run(go())


def test_key_gone_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the key went between asking for it and signing with it, tokens are minted under the new one."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker(0, MintingKeys(named("new")))
            async with opened(ends, worker) as pool:
                left = [named("old").public]
                signing_key = pool.signing_key

                async def stale(deadline: float) -> PublicKey:
                    return left.pop() if left else await signing_key(deadline)

                monkeypatch.setattr(pool, "signing_key", stale)
                minter = Minter(pool, TERMS, lambda: NOW)
                tokens = await done(asyncio.ensure_future(minter.mint_many(claims(10), LONG)), worker)
                assert_minted(tokens, named("new").public)
                left += [named("old").public] * 2
                with pytest.raises(KeyNotHeldError):
                    await minter.mint_many(claims(1), LONG)

    asyncio.run(go())


def test_without_workers() -> None:
    """Without a worker nothing is minted, and the error is one of this package."""

    async def go() -> None:
        with both() as ends:
            async with opened(ends) as pool:
                with pytest.raises(SigningUnavailableError, match="none has told its keys"):
                    await Minter(pool, TERMS).mint_many(claims(1), 0.02)

    asyncio.run(go())
