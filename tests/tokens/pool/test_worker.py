"""The worker's loop: what it does with each job, and what it never does."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest
from tokens.keyfiles import assert_secret, minting, pem, written
from tokens.pool.ends import SEED, assert_good

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.tokens.key_file import KeyFile, KeyFiles, SigningKeyError
from sidecar.tokens.minting_key import MintingKey, MintingKeys
from sidecar.tokens.pool import codec
from sidecar.tokens.pool.codec import AskJob, KeysAnswer, SignAnswer, SignJob, Status
from sidecar.tokens.pool.rings import SigningRings
from sidecar.tokens.pool.warm_up import warm_up
from sidecar.tokens.pool.worker import SigningWorker, make_worker
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.worker import IDLE_SECONDS, RETRY_SECONDS, Server, WorkerCounts
from support.keypairs import pair
from support.told import Recorded

NOW = 1000.0
KEYS = MintingKeys(minting(), minting(Algorithm.RS256, "b"))


class Bench:
    """One worker, and the other ends of the rings of its askers."""

    def __init__(self, askers: int = 1, in_flight: int = 32) -> None:
        self.plan, self.now, self.reports = SigningRings(askers, 1, in_flight), NOW, list[str]()
        self._stack = ExitStack()
        self.shared = self._stack.enter_context(segment.create(segment.pages(self.plan.size)))
        self.wake_up = self._stack.enter_context(wake_up.create())
        self.asker_wake_ups = [self._stack.enter_context(wake_up.create()) for _ in range(askers)]
        memory = self.shared.memory
        self.ends = [
            Server(
                Consumer(memory, self.plan.jobs(number, 0), SEED),
                Producer(memory, self.plan.answers(number, 0), SEED),
                self.asker_wake_ups[number],
            )
            for number in range(askers)
        ]
        self.jobs = [Producer(memory, self.plan.jobs(number, 0), SEED) for number in range(askers)]
        self.theirs = [Consumer(memory, self.plan.answers(number, 0), SEED) for number in range(askers)]
        self.told = Recorded()
        self.worker = SigningWorker(KEYS, self.ends, self.wake_up, self.reports.append, lambda: self.now, self.told)
        self.worker.turn()
        assert all(producer.attend() for producer in self.jobs)
        self.woken()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give everything back."""
        self._stack.close()

    def ask(self, nonce: int, asker: int = 0, **changes: Any) -> SignJob:  # noqa: ANN401 - SignJob's
        """Push a job, and return it."""
        key = KEYS.current.public
        usual = {
            "asked_at": NOW - 0.25,
            "algorithm": key.algorithm,
            "thumbprint": key.thumbprint,
            "inputs": (b"a", b"b"),
        }
        job = SignJob(**{"nonce": nonce.to_bytes(16, "big"), "deadline": NOW + 1, **usual, **changes})
        assert self.jobs[asker].push(codec.write_sign(job))
        return job

    def answers(self, asker: int = 0) -> list[SignAnswer | KeysAnswer | None]:
        """Return the answers there are."""
        return [codec.read_answer(record) for record in self.theirs[asker].drain(999)]

    def woken(self, asker: int = 0) -> bool:
        """Say whether the asker was woken up since the last time."""
        try:
            return bool(os.read(self.asker_wake_ups[asker].reader, 8))
        except BlockingIOError:
            return False


def number(answer: SignAnswer | KeysAnswer | None) -> int:
    """Return the nonce as a number."""
    return -1 if answer is None else int.from_bytes(answer.nonce, "big")


def test_one_job_a_turn() -> None:
    """A turn is one job: its answer is out, and the asker woken up, before the next one is begun."""
    with Bench() as bench:
        first, second = bench.ask(1), bench.ask(2, inputs=(b"c",))
        for job in (first, second):
            assert bench.worker.turn() == 0.0
            assert bench.woken()
            (answer,) = bench.answers()
            assert isinstance(answer, SignAnswer)
            assert (answer.nonce, answer.status, answer.thumbprint) == (job.nonce, Status.SIGNED, job.thumbprint)
            assert answer.digest == codec.digest_of(job.inputs)
            assert_good(KEYS.current.public, job.inputs, answer.signatures)
        assert bench.worker.turn() == IDLE_SECONDS
        assert not bench.woken()
        assert bench.worker.counts == WorkerCounts(jobs=2, verdicts=2)


def test_tells_its_keys() -> None:
    """Whoever asks is told the public halves of all keys, the current one first."""
    with Bench() as bench:
        assert bench.jobs[0].push(codec.write_ask(AskJob(bytes(16), NOW)))
        bench.worker.turn()
        assert bench.answers() == [KeysAnswer(bytes(16), KEYS.public)]


def test_work_is_told_of() -> None:
    """Of each job how long it waited, how many inputs it had and how long they took; a question is no such work."""
    with Bench() as bench:
        bench.ask(1)
        assert bench.jobs[0].push(codec.write_ask(AskJob(bytes(16), NOW)))
        while bench.worker.turn() == 0.0:
            pass
        assert bench.told.waits == [0.25]
        assert bench.told.batches == [(2, 0.0)]


def test_late() -> None:
    """A job whose deadline is past is not signed."""
    with Bench() as bench:
        bench.ask(1, deadline=NOW - 0.001)
        bench.ask(2, deadline=NOW)
        while bench.worker.turn() == 0.0:
            pass
        assert list(map(number, bench.answers())) == [2]
        assert bench.worker.counts == WorkerCounts(jobs=2, verdicts=1, late=1)
        assert bench.reports == []


@pytest.mark.parametrize("changes", [{"thumbprint": bytes(32)}, {"algorithm": Algorithm.RS256}])
def test_no_such_key(changes: dict[str, Any]) -> None:
    """A key that it does not hold, or not for that algorithm, it says it does not hold."""
    with Bench() as bench:
        bench.ask(1, **changes)
        bench.worker.turn()
        (answer,) = bench.answers()
        assert isinstance(answer, SignAnswer)
        assert (answer.status, answer.signatures) == (Status.NOT_HELD, ())


def test_odd_jobs() -> None:
    """What is no job gets no answer, is reported without its content, and harms no other job."""
    with Bench() as bench:
        assert bench.jobs[0].push(b"noise")
        bench.ask(1)
        while bench.worker.turn() == 0.0:
            pass
        assert list(map(number, bench.answers())) == [1]
        assert bench.worker.counts == WorkerCounts(jobs=2, verdicts=1, unreadable=1)
        assert bench.reports == ["a record that is no job"]


class Panic(BaseException):
    """What a native library may raise."""


def test_panic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic of a native library ends with the job it came of, and its text is not told; an interrupt does not."""
    with Bench() as bench:
        errors: list[BaseException] = [Panic("secret"), KeyboardInterrupt()]

        def broken(*_: object) -> bytes:
            raise errors.pop(0)

        monkeypatch.setattr(MintingKey, "sign", broken)
        bench.ask(1)
        bench.worker.turn()
        (answer,) = bench.answers()
        assert isinstance(answer, SignAnswer)
        assert (answer.status, answer.signatures) == (Status.REFUSED, ())
        assert bench.reports == ["EdDSA could not sign: Panic"]
        bench.ask(2)
        with pytest.raises(KeyboardInterrupt):
            bench.worker.turn()


def test_askers_in_turn() -> None:
    """No asker waits for another one's many jobs."""
    with Bench(2) as bench:
        for nonce in range(5):
            bench.ask(nonce)
        bench.ask(99, asker=1)
        bench.worker.turn()
        assert list(map(number, bench.answers(1))) == [99]
        assert list(map(number, bench.answers(0))) == [0]


def test_asker_that_takes_nothing() -> None:
    """Who does not take its answers gets no more of them, until there is room; the others get theirs."""
    with Bench(2, in_flight=1) as bench:
        for nonce in range(200):
            bench.ask(nonce)
            bench.worker.turn()
            if bench.ends[0].unsent:
                break
        assert bench.worker.turn() == RETRY_SECONDS
        bench.ask(99, asker=1)
        bench.worker.turn()
        assert list(map(number, bench.answers(1))) == [99]
        assert list(map(number, bench.answers(0))) == list(range(nonce))
        bench.worker.turn()
        assert list(map(number, bench.answers(0))) == [nonce]


def test_new_asker_is_woken_up() -> None:
    """An asker that is new is woken up once its worker has met it: it may have jobs that wait for nothing else."""
    with Bench() as bench:
        producer = Producer(bench.shared.memory, bench.plan.jobs(0, 0), SEED)
        assert not producer.attend()
        bench.worker.turn()
        assert bench.woken()
        assert producer.attend()


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_made_from_files(tmp_path: Path, algorithm: Algorithm) -> None:
    """A worker reads its keys itself, tries them, and shows nothing of them; nor is anything in the shared memory."""
    one = pair(algorithm)
    file = written(tmp_path / "key.pem", pem(one), algorithm=algorithm, key_id=one.key_id)
    with Bench() as bench:
        worker = make_worker(KeyFiles(file), bench.ends, bench.wake_up, bench.reports.append)
        bench.ask(1, algorithm=algorithm, thumbprint=one.public.thumbprint, deadline=1e15)
        worker.turn()
        (answer,) = bench.answers()
        assert isinstance(answer, SignAnswer)
        assert_good(minting(algorithm).public, (b"a", b"b"), answer.signatures)
        assert_secret(one, worker, worker.counts, answer, *bench.reports, bench.shared.memory[:])


def test_no_key_file(tmp_path: Path) -> None:
    """Without a key there is no worker, and the error says which file is missing."""
    with Bench() as bench, pytest.raises(SigningKeyError, match=r"none\.pem: No such file"):
        make_worker(KeyFiles(KeyFile(tmp_path / "none.pem")), bench.ends, bench.wake_up)


def test_signing_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose signatures are not good does not begin."""
    warm_up(KEYS)
    monkeypatch.setattr(MintingKey, "sign", lambda *_: bytes(64))
    with pytest.raises(RuntimeError, match="signing with EdDSA does not work"):
        warm_up(KEYS)
