"""The signing pool: minting workers in processes of their own, and the files that they read their keys from."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sidecar.core.algorithm import Algorithm
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.tokens.key_file import KeyFile, KeyFiles
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.pool.rings import SigningRings
from sidecar.tokens.pool.worker import make_worker
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.worker import Server
from suite.given.children import child

_TIMEOUT = 60.0


def deadline() -> float:
    """Return by when pools have to answer, of the monotonic clock."""
    return time.monotonic() + _TIMEOUT


def write_key(path: Path, algorithm: Algorithm) -> KeyFiles:
    """Make a key for EdDSA or RS256, in a file."""
    made = (
        ed25519.Ed25519PrivateKey.generate() if algorithm is Algorithm.EDDSA else rsa.generate_private_key(65537, 2048)
    )
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return KeyFiles(KeyFile(path))


@contextmanager
def pool_of(count: int, files: KeyFiles) -> Iterator[SigningPool]:
    """Give a pool with so many minting workers, which end with it."""
    plan, seed = SigningRings(1, count), secrets.randbits(64)
    with ExitStack() as stack:
        shared = stack.enter_context(segment.create(segment.pages(plan.size)))
        asker, *theirs = [stack.enter_context(wake_up.create()) for _ in range(count + 1)]
        for number, mine in enumerate(theirs):
            jobs, answers = plan.jobs(0, number), plan.answers(0, number)
            stack.enter_context(child(_worker(files, shared, seed, (jobs, answers), (asker, mine))))
        ends = [
            Verifier(
                Producer(shared.memory, plan.jobs(0, number), seed),
                Consumer(shared.memory, plan.answers(0, number), seed),
                mine,
            )
            for number, mine in enumerate(theirs)
        ]
        yield SigningPool(ends, asker)


def _worker(
    files: KeyFiles,
    shared: segment.Segment,
    seed: int,
    regions: tuple[Region, Region],
    wakes: tuple[wake_up.WakeUp, wake_up.WakeUp],
) -> Callable[[int], None]:
    def work(stop_fd: int) -> None:
        jobs, answers = regions
        ends = Server(Consumer(shared.memory, jobs, seed), Producer(shared.memory, answers, seed), wakes[0])
        make_worker(files, [ends], wakes[1]).run(lambda: None, stop_fd=stop_fd)

    return work
