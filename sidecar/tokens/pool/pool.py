"""The asker's side: signing inputs in, signatures out, in order, or an error; never anything unsigned.

    sign_many(key, inputs) ── in jobs of 8, to the worker with the shortest queue that holds the key ──> signatures
        │                       │ it was killed, says nothing, or cannot
        │                       └── to another one that holds the key, or to who takes its place ──────> signatures
        └── the deadline is over, or nobody is left ───────────────────────────────────────────────────> error

Which worker holds which key is ``known.py``'s to know, and the rings are ``asker.py``'s.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from sidecar.tokens.pool.asker import Asker
from sidecar.tokens.pool.codec import SignAnswer, Status
from sidecar.tokens.pool.errors import KeyNotHeldError, SigningUnavailableError
from sidecar.tokens.pool.job import Job
from sidecar.tokens.pool.known import KnownKeys
from sidecar.tokens.pool.split import split
from sidecar.tokens.pool.waits import Answer, Wait
from sidecar.tokens.public import PublicKey, PublicKeys
from sidecar.verify.pool.verifiers import Choice, Verifier
from sidecar.verify.pool.wake_up import WakeUp

#: Seconds that signatures are waited for at the most, whatever the caller says.
LONGEST = 60.0
#: Seconds after which somebody who waits for a worker looks for one, though nothing woke this process up.
_LOOK_AGAIN = 0.05


class SigningPool:
    """Has ``workers`` sign. ``wake_up`` is this process's own. For one event loop. All deadlines are CLOCK_MONOTONIC.

    ``in_flight``: jobs that may wait for answers at once, of all workers together; who asks for more waits for room.
    Of a job's time the first of several workers has half, so that one that hangs leaves some for the next.
    """

    def __init__(self, workers: Sequence[Verifier], wake_up: WakeUp, in_flight: int = 32) -> None:
        self._asker = Asker(workers, wake_up, self._look)
        self._known = KnownKeys(self._asker)
        self._choice = Choice(workers)
        self._in_flight = in_flight
        self._room = asyncio.Semaphore(in_flight)
        self._changed = asyncio.Event()
        self.counts = self._asker.counts

    def open(self) -> None:
        """Begin to listen for answers, in the loop that is running."""
        self._asker.open()

    def close(self) -> None:
        """Stop listening. What still waits ends with an error. The rings and the wake-ups stay the caller's."""
        self._asker.close()

    @property
    def waiting(self) -> int:
        """Return how many jobs wait for an answer."""
        return self._asker.waiting

    def worker_lost(self, number: int) -> None:
        """Ask others what this worker, which was killed or hangs, was asked. It gets nothing before it answers anew."""
        self._asker.worker_lost(number)

    async def signing_key(self, deadline: float) -> PublicKey:
        """Return the key to sign with, as soon as one worker has told of it; raises ``SigningUnavailableError``."""
        await self._until(lambda: self._known.some, deadline)
        return self._known.merged().current

    async def public_keys(self, deadline: float) -> PublicKeys:
        """Return the public halves of all keys that workers hold, the current one first: what an issuer publishes.

        Waits for all workers that take jobs; those that have said nothing by the deadline are left out. Raises
        ``SigningUnavailableError`` where there is none.
        """
        try:
            await self._until(lambda: self._known.all, deadline)
        except SigningUnavailableError:
            if not self._known.some:
                raise
        return self._known.merged()

    def told(self) -> PublicKeys | None:
        """Return the same, if all workers that take jobs have told, and ``None`` otherwise."""
        return self._known.merged() if self._known.all else None

    async def sign_many(self, key: PublicKey, inputs: Sequence[bytes], deadline: float) -> list[bytes]:
        """Return ``key``'s signatures over all ``inputs``, in their order.

        Raises ``SigningUnavailableError`` where not all could be made in time, ``KeyNotHeldError`` where no worker
        holds ``key``, and ``ValueError`` for an input of more than ``codec.MAX_INPUT_BYTES``. Then none are returned.
        """
        parts = split(inputs, max(1, len(self._asker.workers)))
        signed: list[Sequence[bytes]] = [()] * len(parts)
        left = iter(enumerate(parts))

        async def one_after_another() -> None:
            for place, part in left:
                signed[place] = await self._sign(Job(key, tuple(part), deadline, monotonic()))

        # No TaskGroup: in Python 3.11.2 the caller is left with a cancellation that was not its own.
        tasks = [asyncio.create_task(one_after_another()) for _ in range(min(self._in_flight, len(parts)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [signature for part in signed for signature in part]

    async def _sign(self, job: Job) -> Sequence[bytes]:
        """Return the signatures over one job's inputs."""
        await self._enter(job.deadline)
        try:
            while (wait := await self._send(job)) is not None:
                answer = await self._answer(wait)
                self._count(answer)
                if isinstance(answer, SignAnswer) and answer.status is Status.SIGNED:
                    return answer.signatures
                job.note(wait, answer)
        finally:
            self._room.release()
        raise self._unavailable(f"{len(job.late)} were asked in vain, and {len(job.unable)} cannot sign it")

    async def _enter(self, deadline: float) -> None:
        if not self._room.locked():
            await self._room.acquire()  # which does not wait then
            return
        try:
            async with asyncio.timeout(max(0.0, deadline - monotonic())):
                await self._room.acquire()
        except TimeoutError:
            raise self._unavailable(f"{self._in_flight} jobs are waiting already") from None

    async def _send(self, job: Job) -> Wait | None:
        """Send the job to a worker that holds the key, once there is one that can; ``None``: there is none in time."""
        while self._asker.is_open and (now := monotonic()) < job.deadline:
            holders = self._known.holders(job.key)
            if not holders and self._known.all:
                raise KeyNotHeldError(f"no minting worker holds the key {job.key.key_id!r} any more")
            left = job.left(holders)
            worker = self._choice.next([other for other in self._asker.workers if other not in left])
            if worker is not None:
                wait = self._asker.ask(worker, job.expected, job.write, job.until(now, len(left)))
                if wait is not None:
                    return wait
            elif job.unable and not left:
                break
            await self._change(job.deadline)
        return None

    async def _answer(self, wait: Wait) -> Answer | None:
        try:
            return await wait.future
        except asyncio.CancelledError:
            self._asker.give_up(wait)
            raise

    def _count(self, answer: Answer | None) -> None:
        if isinstance(answer, SignAnswer):
            self.counts.signed += answer.status is Status.SIGNED
            self.counts.not_held += answer.status is Status.NOT_HELD
            self.counts.refused += answer.status is Status.REFUSED

    async def _until(self, condition: Callable[[], bool], deadline: float) -> None:
        while not condition():
            if not self._asker.is_open or not monotonic() < deadline:
                raise self._unavailable("none has told its keys")
            await self._change(deadline)

    async def _change(self, deadline: float) -> None:
        """Wait until something has changed."""
        try:
            async with asyncio.timeout(min(_LOOK_AGAIN, deadline - monotonic())):
                await self._changed.wait()
        except TimeoutError:
            self._asker.look()

    def _look(self) -> None:
        self._known.look()
        self._changed.set()
        self._changed = asyncio.Event()

    def _unavailable(self, why: str) -> SigningUnavailableError:
        if not self._asker.is_open:
            return SigningUnavailableError("nothing is signed: the pool is not open")
        workers, ready = self._asker.workers, sum(worker.ready for worker in self._asker.workers)
        hint = "; the logs of the others say why, such as what is wrong with a key file" if ready < len(workers) else ""
        return SigningUnavailableError(
            f"nothing was signed in time: {why}; of {len(workers)} minting workers {ready} take jobs{hint}"
        )
