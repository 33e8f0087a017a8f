"""The verifier's loop: what it does with each job, and what it never does."""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

import pytest
from verify.pool.ends import SEED, need

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Verify
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.pool import codec, wake_up, worker
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.worker import BATCH, IDLE_SECONDS, RETRY_SECONDS, Server, Worker, WorkerCounts
from support.told import Recorded

NOW = 1000.0


class Bench:
    """One verifier, and the other ends of the rings of its servers."""

    def __init__(self, servers: int = 1, in_flight: int = 100) -> None:
        self.plan, self.now, self.reports = Rings(servers, 1, in_flight, 512), NOW, list[str]()
        self._stack = ExitStack()
        self.shared = self._stack.enter_context(segment.create(self.plan.size + 4096))
        self.wake_up = self._stack.enter_context(wake_up.create())
        self.server_wake_ups = [self._stack.enter_context(wake_up.create()) for _ in range(servers)]
        memory = self.shared.memory
        theirs = [
            Server(
                Consumer(memory, self.plan.jobs(number, 0), SEED),
                Producer(memory, self.plan.verdicts(number, 0), SEED),
                self.server_wake_ups[number],
            )
            for number in range(servers)
        ]
        self.jobs = [Producer(memory, self.plan.jobs(number, 0), SEED) for number in range(servers)]
        self.verdicts = [Consumer(memory, self.plan.verdicts(number, 0), SEED) for number in range(servers)]
        self.told = Recorded()
        self.worker = Worker(theirs, self.wake_up, self.reports.append, lambda: self.now, self.told)
        self.worker.turn()
        assert all(producer.attend() for producer in self.jobs)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give everything back."""
        self._stack.close()

    def ask(self, asked: Verify, nonce: int, server: int = 0, deadline: float = NOW + 1) -> None:
        """Push a job."""
        assert self.jobs[server].push(codec.write_job(asked, nonce.to_bytes(16, "big"), deadline, NOW - 0.25))

    def answers(self, server: int = 0) -> list[tuple[int, bool]]:
        """Return nonces and verdicts there are."""
        read = [codec.read_verdict(record) for record in self.verdicts[server].drain(999)]
        return [(int.from_bytes(answer.nonce, "big"), answer.valid) for answer in read if answer]


def test_verdicts_in_order_and_a_wake_up() -> None:
    """Jobs are answered in the order they came in, and the server is woken up."""
    with Bench() as bench:
        bench.ask(need(), 1)
        bench.ask(need(good=False), 2)
        assert bench.worker.turn() == 0.0
        assert os.read(bench.server_wake_ups[0].reader, 8)
        assert bench.answers() == [(1, True), (2, False)]
        assert bench.worker.turn() == IDLE_SECONDS
        with pytest.raises(BlockingIOError):
            os.read(bench.server_wake_ups[0].reader, 8)


def test_work_is_told_of() -> None:
    """Of each job how long it waited, late ones too; of each batch its size and how long it took; of none nothing."""
    with Bench() as bench:
        bench.ask(need(), 1)
        bench.ask(need(), 2, deadline=NOW - 0.001)
        bench.worker.turn()
        bench.worker.turn()
        assert bench.told.waits == [0.25, 0.25]
        assert bench.told.batches == [(2, 0.0)]


def test_late() -> None:
    """A job whose deadline is past is not verified."""
    with Bench() as bench:
        bench.ask(need(), 1, deadline=NOW - 0.001)
        bench.ask(need(), 2, deadline=NOW)
        bench.worker.turn()
        assert bench.answers() == [(2, True)]
        assert bench.worker.counts == WorkerCounts(jobs=2, verdicts=1, late=1)
        assert bench.reports == []


def test_odd_jobs() -> None:
    """What is no job, or cannot be verified, gets no verdict, is reported, and harms no other job."""
    with Bench() as bench:
        assert bench.jobs[0].push(b"noise")
        bench.ask(replace(need(), algorithm=Algorithm.ES256), 1)
        bench.ask(replace(need(), key=replace(need().key, material=b"short")), 2)
        bench.ask(need(), 3)
        bench.worker.turn()
        assert bench.answers() == [(3, True)]
        assert bench.worker.counts == WorkerCounts(jobs=4, verdicts=1, unreadable=1, refused=2)
        assert len(bench.reports) == 3


class Panic(BaseException):
    """What a native library may raise."""


def test_panic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a panic of a native library ends with the job it came of; an interrupt does not."""
    with Bench() as bench:
        errors: list[BaseException] = [Panic("secret"), KeyboardInterrupt()]

        def broken(*_: object) -> bool:
            raise errors.pop(0)

        monkeypatch.setattr(worker, "verify", broken)
        bench.ask(need(), 1)
        bench.worker.turn()
        assert bench.answers() == []
        assert bench.reports == ["EdDSA could not be verified: Panic"]
        bench.ask(need(), 2)
        with pytest.raises(KeyboardInterrupt):
            bench.worker.turn()


def test_servers_take_turns() -> None:
    """A server with many jobs does not keep another one waiting for more than a batch."""
    with Bench(2) as bench:
        for number in range(2 * BATCH):
            bench.ask(need(), number)
        bench.ask(need(), 1, server=1)
        bench.worker.turn()
        assert len(bench.answers(0)) == BATCH
        assert bench.answers(1) == [(1, True)]
        bench.worker.turn()
        assert len(bench.answers(0)) == BATCH


def test_server_that_takes_no_verdicts() -> None:
    """A server that takes no verdicts keeps one batch of them waiting, and no other server; then they are there."""
    with Bench(2, in_flight=4) as bench:
        for number in range(4):
            bench.ask(need(), number)
        bench.worker.turn()
        for number in range(4, 8):
            bench.ask(need(), number)
        bench.worker.turn()
        assert bench.worker.turn() == RETRY_SECONDS
        bench.ask(need(), 99, server=1)
        bench.worker.turn()
        assert bench.answers(1) == [(99, True)]
        assert [number for number, _ in bench.answers()] == [0, 1, 2, 3]
        bench.worker.turn()
        assert [number for number, _ in bench.answers()] == [4, 5, 6, 7]
        assert bench.worker.turn() == IDLE_SECONDS


def test_verdicts_that_came_too_late() -> None:
    """Verdicts that nobody took before their deadlines are dropped."""
    with Bench(in_flight=4) as bench:
        for number in range(4):
            bench.ask(need(), number)
        bench.worker.turn()
        bench.ask(need(), 4, deadline=NOW + 5)
        bench.worker.turn()
        bench.now = NOW + 6
        assert bench.worker.turn() == IDLE_SECONDS
        assert bench.worker.counts.undelivered == 1


def test_beats_at_every_turn_and_stops_when_told() -> None:
    """The heart beats with every batch and while there is nothing to do; the loop ends when it is told to."""
    with Bench() as bench:
        beats = 0

        def beat() -> None:
            nonlocal beats
            beats += 1

        bench.wake_up.wake()
        bench.worker.run(beat, lambda: beats > 4)
        assert beats > 4


@pytest.mark.parametrize("how", ["written", "closed"])
def test_stop_descriptor(how: str) -> None:
    """The loop ends when the descriptor is written to, and when its other end is gone."""
    with Bench() as bench:
        reader, writer = os.pipe()
        if how == "written":
            os.write(writer, b"\0")
        os.close(writer)
        bench.worker.run(lambda: None, stop_fd=reader)
        os.close(reader)
        assert all(os.read(one.reader, 8) for one in bench.server_wake_ups)  # it has told of itself
