"""Hashing in several processes, which may be killed."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest
from verify.hashing.hashes import KEY, as_bytes, key_for, one_by_one, strings

from sidecar.observe.pool_series import Failure
from sidecar.verify.hashing import pool as pools
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.batch import Batch
from sidecar.verify.hashing.pool import Context, HashPool
from sidecar.verify.hashing.rows import joined
from support.told import Recorded

VALUES = strings(3000)
METHODS = ["spawn", "forkserver", "fork"]
#: pytest-xdist has threads, of which Python 3.12 warns before a fork; the child does nothing that they could hold up.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def pool(workers: int, method: str = "forkserver", patience: float = 60.0) -> HashPool:
    """Return a pool that hands over whatever it gets."""
    context = cast("Context", multiprocessing.get_context(method))
    return HashPool(workers, context, least_rows=0, patience=patience)


@pytest.fixture
def two() -> Iterator[HashPool]:
    """Give a pool of two that runs."""
    with pool(2) as running:
        yield running


@pytest.mark.parametrize("method", METHODS)
def test_as_one_by_one(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its processes are started, a pool's digests are those of one by one, and the caller hashes nothing."""
    with pool(2, method) as running:
        monkeypatch.setattr(Batch, "work", None)
        for algorithm in Algorithm:
            digests = running.hash_many(algorithm, *joined(VALUES), key_for(algorithm))
            assert as_bytes(digests) == one_by_one(algorithm, VALUES)


def test_parts_are_told_of() -> None:
    """Each part that a process has hashed is told of, with how long it took, and each that it has not."""
    told = Recorded()
    context = cast("Context", multiprocessing.get_context("forkserver"))
    with HashPool(2, context, least_rows=0, told=told) as running:
        running.hash_many(Algorithm.XXH64, *joined(VALUES))
        assert (told.jobs_done, told.failures) == (2, [])
        assert [jobs for jobs, seconds in told.batches if seconds > 0] == [1, 1]
        os.kill(running.pids[0], signal.SIGSTOP)
        running._patience = 0.05
        running.hash_many(Algorithm.XXH64, *joined(VALUES))
        assert (told.jobs_done, told.failures) == (3, [Failure.LOST])


@pytest.mark.parametrize("method", METHODS)
def test_processes_end_with_the_pool(method: str) -> None:
    """A pool has as many processes as it was told to, and none when it is closed, twice even."""
    running = pool(3, method)
    assert running.pids == []
    running.start()
    pids = running.pids
    assert len(set(pids)) == 3
    running.hash_many(Algorithm.XXH64, *joined(VALUES))
    assert running.pids == pids
    running.close()
    running.close()
    assert running.pids == []
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_without_workers(algorithm: Algorithm, started: bool) -> None:  # noqa: FBT001 - a table
    """With no workers, or not started, the caller hashes all itself."""
    alone = pool(0 if started else 2)
    if started:
        alone.start()
    assert as_bytes(alone.hash_many(algorithm, *joined(VALUES), key_for(algorithm))) == one_by_one(algorithm, VALUES)
    assert alone.pids == []


def test_few_rows_are_not_handed_over() -> None:
    """What is fewer than would be worth it is hashed by the caller, whether or not its workers live."""
    context = cast("Context", multiprocessing.get_context("forkserver"))
    with HashPool(1, context, least_rows=100) as running:
        (pid,) = running.pids
        os.kill(pid, signal.SIGSTOP)
        few = VALUES[:99]
        assert as_bytes(running.hash_many(Algorithm.XXH64, *joined(few))) == one_by_one(Algorithm.XXH64, few)


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 7])
def test_fewer_rows_than_workers(rows: int) -> None:
    """Where there are fewer rows than workers, some have nothing to do."""
    with pool(4) as running:
        values = VALUES[:rows]
        assert as_bytes(running.hash_many(Algorithm.XXH3_128, *joined(values))) == one_by_one(
            Algorithm.XXH3_128, values
        )


def test_killed_workers_cost_nothing_but_their_part(two: HashPool) -> None:
    """With one or all workers killed between two batches every digest is right, and the next batch has new workers."""
    expected = one_by_one(Algorithm.XXH3_128, VALUES)
    for killed in (slice(0, 1), slice(1, 2), slice(0, 2)):
        before = two.pids
        for pid in before[killed]:
            os.kill(pid, signal.SIGKILL)
        assert as_bytes(two.hash_many(Algorithm.XXH3_128, *joined(VALUES))) == expected
        assert as_bytes(two.hash_many(Algorithm.XXH3_128, *joined(VALUES))) == expected
        assert len(set(two.pids) - set(before[killed])) == 2


def test_killed_in_the_middle(two: HashPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is killed when it has its part has it done again by the caller, and that alone."""
    done: list[range] = []
    work, hear = Batch.work, HashPool._hear

    def note(batch: Batch, part: range, key: bytes) -> None:
        done.append(part)
        work(batch, part, key)

    def kill_first(self: HashPool, asked: list[pools._Worker]) -> None:
        os.kill(asked[0].process.pid or 0, signal.SIGKILL)
        hear(self, asked)

    for pid in two.pids[:1]:
        os.kill(pid, signal.SIGSTOP)  # so that it has not done it by then
    monkeypatch.setattr(Batch, "work", note)
    monkeypatch.setattr(HashPool, "_hear", kill_first)
    digests = two.hash_many(Algorithm.BLAKE2B_128, *joined(VALUES), KEY)
    assert as_bytes(digests) == one_by_one(Algorithm.BLAKE2B_128, VALUES)
    assert len(done) == 1
    assert 0 < len(done[0]) < len(VALUES)


def test_silent_worker_is_not_waited_for_for_ever() -> None:
    """A worker that says nothing costs the patience once; then it is killed and replaced."""
    with pool(2, patience=1.0) as running:
        running.hash_many(Algorithm.XXH64, *joined(VALUES))
        silent, other = running.pids
        os.kill(silent, signal.SIGSTOP)
        expected = one_by_one(Algorithm.XXH64, VALUES)
        assert as_bytes(running.hash_many(Algorithm.XXH64, *joined(VALUES))) == expected
        assert as_bytes(running.hash_many(Algorithm.XXH64, *joined(VALUES))) == expected
        assert silent not in running.pids
        assert other in running.pids


def test_interrupted_batch_is_not_taken_for_the_next(two: HashPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer to a batch that the caller gave up is never taken for an answer to the next one."""
    with monkeypatch.context() as patched:
        patched.setattr(HashPool, "_hear", interrupt)
        with pytest.raises(KeyboardInterrupt):
            two.hash_many(Algorithm.XXH64, *joined(VALUES))
    before = two.pids
    others = strings(2000, seed=2)
    assert as_bytes(two.hash_many(Algorithm.XXH64, *joined(others))) == one_by_one(Algorithm.XXH64, others)
    assert set(two.pids).isdisjoint(before)


def interrupt(*_: object) -> None:
    """Be Ctrl-C."""
    raise KeyboardInterrupt


def test_workers_that_cannot_be_started(two: HashPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started any more, those that are left do it, or else the caller does."""
    monkeypatch.setattr(HashPool, "_new_worker", refuse)
    expected = one_by_one(Algorithm.XXH64, VALUES)
    for _ in range(2):
        os.kill(two.pids[0], signal.SIGKILL)
        for _ in range(2):
            assert as_bytes(two.hash_many(Algorithm.XXH64, *joined(VALUES))) == expected
    assert two.pids == []


def refuse(*_: object) -> None:
    """Be a system with no more processes."""
    raise BlockingIOError


def test_filled_in_place(two: HashPool) -> None:
    """A batch that the caller fills in place has the digests in place."""
    rows = joined(VALUES)
    with Batch(Algorithm.BLAKE2B_128, len(VALUES), len(rows.data)) as batch:
        batch.data[:] = np.frombuffer(rows.data, dtype=np.uint8)
        batch.offsets[:] = rows.offsets
        two.hash_batch(batch, KEY)
        assert as_bytes(batch.digests) == one_by_one(Algorithm.BLAKE2B_128, VALUES)


def test_batch_with_wrong_offsets_is_refused(two: HashPool) -> None:
    """Offsets that lead out of a batch never reach a worker."""
    with Batch(Algorithm.XXH64, 2, 10) as batch:
        batch.offsets[:] = [0, 20, 10]
        with pytest.raises(ValueError, match="offsets"):
            two.hash_batch(batch)


@pytest.mark.parametrize(("offsets", "key"), [([0, 3, 2], KEY), ([0, 11], KEY), ([0, 3], b"short")])
def test_refused_before_anything_is_handed_over(two: HashPool, offsets: list[int], key: bytes) -> None:
    """Wrong offsets and keys are refused as without workers."""
    with pytest.raises(ValueError, match=r"offsets|key"):
        two.hash_many(Algorithm.BLAKE2B_128, b"0123456789", np.array(offsets), key)


def test_several_threads_take_turns(two: HashPool) -> None:
    """Threads that use one pool at once get each its own digests."""
    right: list[bool] = []

    def work(seed: int) -> None:
        values = strings(500, seed)
        expected = one_by_one(Algorithm.FNV1A_64, values)
        right.extend(as_bytes(two.hash_many(Algorithm.FNV1A_64, *joined(values))) == expected for _ in range(5))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 20
