"""Keys as the workers tell them: each job goes to a worker that holds its key, and all keys are published."""

import asyncio

import pytest
from tokens.keyfiles import minting
from tokens.pool.ends import ask, assert_good, both, done, inputs, opened, settle, soon

from sidecar.tokens.minting_key import MintingKey, MintingKeys
from sidecar.tokens.pool.counts import SigningCounts
from sidecar.tokens.pool.errors import KeyNotHeldError, SigningUnavailableError

KEY = minting().public


def test_key_of_nobody() -> None:
    """A key that no worker holds signs nothing, and the caller is told to ask for another one, at once."""

    async def go() -> None:
        with both(2) as ends:
            workers = [ends.worker(0), ends.worker(1)]
            async with opened(ends, *workers) as pool:
                stranger = minting(key_id="gone", owner="gone").public
                with pytest.raises(KeyNotHeldError, match="no minting worker holds the key 'gone' any more"):
                    await pool.sign_many(stranger, inputs(20), soon())
                assert pool.counts == SigningCounts()

    asyncio.run(go())


def test_the_one_that_holds_it() -> None:
    """A key that only one of two workers holds is used by that one alone."""

    async def go() -> None:
        with both(2) as ends:
            first, second = minting(key_id="a", owner="a"), minting(key_id="b", owner="b")
            workers = [ends.worker(0, MintingKeys(first, second)), ends.worker(1, MintingKeys(second))]
            async with opened(ends, *workers) as pool:
                asked = inputs(40)
                assert_good(first.public, asked, await done(ask(pool, first.public, asked), *workers))
                assert workers[1].counts.verdicts == 1  # it told its keys
                assert (await pool.signing_key(soon())).key_id == "b"  # for all of them hold it
                assert [key.key_id for key in (await pool.public_keys(soon())).keys] == ["b", "a"]

    asyncio.run(go())


def test_key_that_cannot_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each worker was asked and none can sign, there is an error without waiting for the deadline."""

    def broken(*_: object) -> bytes:
        raise ValueError("secret")

    monkeypatch.setattr(MintingKey, "sign", broken)

    async def go() -> None:
        with both(2) as ends:
            workers = [ends.worker(0), ends.worker(1)]
            async with opened(ends, *workers) as pool:
                task = ask(pool, KEY, inputs(1))
                with pytest.raises(SigningUnavailableError, match="0 were asked in vain, and 2 cannot sign it"):
                    await done(task, *workers)
                assert pool.counts == SigningCounts(refused=2)
                assert ends.reports == ["EdDSA could not sign: ValueError"] * 2

    asyncio.run(go())


def test_public_keys_of_all() -> None:
    """The keys that are published are those of all workers, also of one that comes later."""

    async def go() -> None:
        with both(2) as ends:
            old = ends.worker(0, MintingKeys(minting(key_id="a", owner="a"), minting(key_id="b", owner="b")))
            async with opened(ends, old) as pool:
                found = await done(asyncio.ensure_future(pool.public_keys(soon())), old)
                assert [key.key_id for key in found.keys] == ["a", "b"]
                new = ends.worker(1, MintingKeys(minting(key_id="b", owner="b"), minting(key_id="c", owner="c")))
                await settle(old, new)
                found = await done(asyncio.ensure_future(pool.public_keys(soon())), old, new)
                assert [key.key_id for key in found.keys] == ["b", "a", "c"]

    asyncio.run(go())


def test_worker_that_does_not_tell() -> None:
    """A worker that takes jobs and does not tell its keys gets none, and holds nobody up for longer than asked."""

    async def go() -> None:
        with both(2) as ends:
            working = ends.worker(0)
            async with opened(ends, working) as pool:
                ends.worker(1)
                await settle(working)
                found = await pool.public_keys(soon(0.05))
                assert found.current == KEY
                asked = inputs(20)
                assert_good(KEY, asked, await done(ask(pool, KEY, asked), working))
                assert pool.counts.signed == 3

    asyncio.run(go())
