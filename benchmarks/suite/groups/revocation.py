"""Revocation: a file of entries that is read, and what a check pays for the list. ``revocation.py`` has the rest."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import numpy as np

from sidecar.core.revocation import UNKNOWN, Marks
from sidecar.demo.workspace import ISSUER
from sidecar.engine.denylist import SharedDenylist
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import budget
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.revocation.keeper import Keeper
from sidecar.revocation.lifetime import Lifetime, Lifetimes
from sidecar.revocation.store import Store
from sidecar.runtime.control.revocation_file import RevocationFile
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import joined
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import Together, cpu

TITLE = "revocation"
COSTLY = True
ENTRIES, LOOK_UPS = 300_000, 10_000
_KEY = b"k" * 32


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure a file with two hash workers and without any, and what checks pay."""
    entries = size.number(ENTRIES, 1000)
    path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "revoked.jsonl"
    _write(path, entries)
    none, two = (Together(partial(_loaded, path, entries, workers)) for workers in (0, 2))
    denylist, empty = _denylist(stack, entries), _denylist(stack, 0)
    now = time.time()
    five = Marks(tuple(os.urandom(16) for _ in range(5)), tuple(os.urandom(12) for _ in range(2)), now)

    def each(work: Callable[[], object]) -> Take:
        def all_of_them() -> None:
            for _ in range(LOOK_UPS):
                work()

        return cpu(all_of_them, LOOK_UPS, size.seconds)

    without = Baseline("no hash workers", none.of(0))
    call, micro = Baseline("calling alone", each(lambda: now)), Unit.MICROSECONDS
    return [
        Measurement("file", f"lines of a file of {entries:,}, two hash workers", Unit.RATE, two.of(0), without),
        Measurement("file-pause", "meanwhile control's loop waits, at the longest", Unit.MILLISECONDS, two.of(1)),
        Measurement("epoch", "each check of a known token", micro, each(lambda: denylist.epoch(now)), call),
        Measurement(
            "look-up",
            "once after a revocation, 7 names of a token",
            micro,
            each(lambda: denylist.look_up(five, now)),
            call,
        ),
        Measurement("look-up-empty", "the same, an empty list", micro, each(lambda: empty.look_up(five, now)), call),
    ]


def _write(path: Path, entries: int) -> None:
    later = int(time.time()) + 3600
    with path.open("w", encoding="utf-8") as file:
        for number in range(entries):
            name = os.urandom(12).hex()
            file.write(f'{{"issuer": "{ISSUER}", "jti": "{name}", "expires_at": {later + number}}}\n')


def _denylist(stack: ExitStack, entries: int) -> SharedDenylist:
    """Return a list with so many entries that somebody vouches for."""
    shared = stack.enter_context(segment.create(segment.pages(budget(max(entries, 1)))))
    writer, now = stack.enter_context(DenylistWriter(shared)), time.time()
    if entries:
        digests = np.frombuffer(os.urandom(16 * entries), dtype=np.uint8).reshape(-1, 16)
        writer.load(digests, np.full(entries, int(now) + 3600, dtype=np.uint32), now)
    writer.vouch(float("inf"))
    made = SharedDenylist(stack.enter_context(Denylist(shared)), _KEY)
    assert made.epoch(now) != UNKNOWN, "nobody vouches for the list"  # noqa: S101 - that would be another measurement
    return made


def _loaded(path: Path, entries: int, workers: int) -> tuple[float, float]:
    """Return the seconds for a line, and the longest that the loop's next turn had to wait for."""
    return asyncio.run(_load(path, entries, workers))


async def _load(path: Path, entries: int, workers: int) -> tuple[float, float]:
    lifetimes = Lifetimes({ISSUER: Lifetime(None, 30.0)})
    with segment.create(segment.pages(budget(entries))) as shared, HashPool(workers) as pool:
        # A worker takes most of a second to come up, and so does whoever waits for the first digests.
        pool.hash_many(Algorithm.BLAKE2B_128, *joined([b"up"] * 10_000), _KEY)
        store = Store(Keeper(shared, _KEY, pool, lambda _: time.time), lambda: lifetimes, time.time, lambda *_: None)
        pauses = asyncio.create_task(_longest_pause())
        began = time.perf_counter()
        wrong = await RevocationFile(path, store).read()
        seconds = time.perf_counter() - began
        pauses.cancel()
        held = store.keeper.room().entries
        assert (wrong, held) == (0, entries), f"{wrong} lines are wrong, {held} entries held"  # noqa: S101
        await store.close()
        return seconds / entries, await pauses


async def _longest_pause() -> float:
    """Return, when cancelled, the seconds that the loop's next turn had to wait for at the most."""
    longest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before - 0.001)
    return longest
