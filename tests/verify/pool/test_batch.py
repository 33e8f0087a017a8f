"""Several needs in one piece: each verdict is held against its own need, and what is missing is told as missing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verify.pool.ends import LONG, Both, asked, both, need, opened, settle, verdict

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool import batch, codec
from sidecar.verify.pool.counts import PoolCounts

_NONCE, _DEADLINE, _SENT = bytes(range(16)), 5.0, 4.0
_NEEDS = [need(good=turn != 1) for turn in range(3)]


def _verdict(one: Verify, nonce: bytes = _NONCE, *, valid: bool = True) -> bytes:
    job = codec.read_job(codec.write_job(one, nonce, _DEADLINE, _SENT))
    assert job is not None
    return codec.write_verdict(job, valid=valid)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_jobs(number: int) -> None:
    """Jobs come out as they went in, one by one; one alone is what it always was."""
    record = batch.write_jobs(_NEEDS[:number], _NONCE, _DEADLINE, _SENT)
    jobs = [codec.write_job(one, _NONCE, _DEADLINE, _SENT) for one in _NEEDS[:number]]
    assert list(batch.split_jobs(record)) == jobs
    assert (record == jobs[0]) is (number == 1)


@given(st.integers(0, 600), st.binary(max_size=4), st.integers(0, 4))
def test_jobs_that_are_not_whole(place: int, junk: bytes, taken: int) -> None:
    """What was changed anywhere is read as jobs of their own length, or as one record that is no job."""
    record = batch.write_jobs(_NEEDS, _NONCE, _DEADLINE, _SENT)
    changed = record[:place] + junk + record[place + taken :]
    jobs = batch.split_jobs(changed)
    assert list(jobs) == [changed] or (len(jobs) > 1 and changed.endswith(b"".join(jobs)))


@given(st.binary(max_size=40) | st.binary(max_size=200).map(b"VN".__add__) | st.binary(max_size=200).map(b"JN".__add__))
def test_noise(noise: bytes) -> None:
    """Noise is no jobs and no verdicts."""
    assert all(codec.read_job(one) is None for one in batch.split_jobs(noise))
    assert batch.read_verdicts(noise) is None


def test_verdicts_are_whole_or_none() -> None:
    """A record in which one verdict is none has no verdicts at all."""
    good = [_verdict(one) for one in _NEEDS]
    read = batch.read_verdicts(batch.join_verdicts(good))
    assert read is not None
    assert [one.token_digest for one in read] == [one.token_digest for one in _NEEDS]
    record = batch.join_verdicts([good[0], b"X" + good[1][1:], good[2]])
    assert batch.read_verdicts(record) is None
    assert batch.read_verdicts(batch.join_verdicts(good)[:-1]) is None


async def _answered(ends: Both, record: bytes) -> tuple[Sequence[Verdict | None], PoolCounts]:
    """Ask for all needs under a nonce that is known here, have ``record`` be the answer, and close the pool."""
    worker = ends.worker()
    pool = await opened(ends, worker)
    asking = asyncio.ensure_future(pool.verify_many(_NEEDS, LONG))
    await asyncio.sleep(0)
    (wait,) = pool._pending._waits.values()
    pool._pending._waits[_NONCE] = pool._pending._waits.pop(wait.nonce)._replace(nonce=_NONCE)
    pool._pending.take(record, pool.counts)
    counts = replace(pool.counts)
    pool.close()
    return await asking, counts


def _taken(*verdicts: bytes) -> tuple[Sequence[Verdict | None], PoolCounts]:
    async def go() -> tuple[Sequence[Verdict | None], PoolCounts]:
        with both() as ends:
            return await _answered(ends, batch.join_verdicts(verdicts))

    return asyncio.run(go())


def test_each_has_its_own() -> None:
    """A good need and a bad one beside each other each get what is so of them."""
    found, counts = _taken(*(_verdict(one, valid=turn != 1) for turn, one in enumerate(_NEEDS)))
    assert list(found) == [verdict(one, valid=turn != 1) for turn, one in enumerate(_NEEDS)]
    assert counts == PoolCounts(verdicts=3)


def test_one_that_is_missing() -> None:
    """A need that the verifier says nothing of has no verdict, and no neighbour's."""
    found, _ = _taken(_verdict(_NEEDS[0]), _verdict(_NEEDS[2]))
    assert list(found) == [verdict(_NEEDS[0]), None, verdict(_NEEDS[2])]


@pytest.mark.parametrize(
    "verdicts",
    [
        [_verdict(_NEEDS[1]), _verdict(_NEEDS[0]), _verdict(_NEEDS[2])],
        [_verdict(_NEEDS[0]), _verdict(need())],
        [_verdict(_NEEDS[0]), _verdict(replace(_NEEDS[1], trust_digest=bytes(32)))],
        [_verdict(_NEEDS[0]), _verdict(_NEEDS[1], bytes(16))],
        [*map(_verdict, _NEEDS), _verdict(_NEEDS[0])],
    ],
    ids=["order", "token", "trust", "nonce", "more"],
)
def test_on_something_else(verdicts: list[bytes]) -> None:
    """Where one verdict is on another token, Trust or job, or there is one too many, none of them is believed."""
    found, counts = _taken(*verdicts)
    assert list(found) == [None, None, None]
    assert (counts.verdicts, counts.unbelieved) == (0, 1)


def test_by_a_verifier() -> None:
    """A verifier answers all at once, beside needs that come alone; one that cannot be verified has no verdict."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            odd = replace(need(), key=replace(need().key, material=b"no key"))
            many = asyncio.ensure_future(pool.verify_many([*_NEEDS, odd], LONG))
            alone = asked(pool, _NEEDS[0])
            await settle(worker)
            assert list(await many) == [*(verdict(one, valid=turn != 1) for turn, one in enumerate(_NEEDS)), None]
            assert await alone[0] == verdict(_NEEDS[0])
            assert (worker.counts.jobs, worker.counts.refused) == (5, 1)
            pool.close()

    asyncio.run(go())


def test_nobody_answers() -> None:
    """Without a verifier there is no verdict, at once; nothing waits."""

    async def go() -> None:
        with both() as ends:
            pool = ends.pool()
            pool.open()
            assert list(await pool.verify_many(_NEEDS, LONG)) == [None, None, None]
            assert pool.waiting == 0
            pool.close()

    asyncio.run(go())
