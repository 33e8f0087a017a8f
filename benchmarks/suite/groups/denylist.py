"""The denylist in shared memory: looking into it, filling it, keeping it, against a set of this process."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import budget
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import cpu

TITLE = "the denylist"
COSTLY = True
ENTRIES, LOOK_UPS = 1_000_000, 20_000
NOW, LATER = 1_750_000_000.0, 1_750_003_600


class _Full(NamedTuple):
    """A list that is filled, what is on it, and what is not."""

    reader: Denylist
    held: list[bytes]
    others: list[bytes]
    bytes_each: float


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure a full list and an empty one."""
    entries = size.number(ENTRIES, 1000)
    full, empty = _filled(stack, entries), stack.enter_context(Denylist(_memory(stack, 1)))
    plain = set(full.held)

    def each(work: Callable[[bytes], object], digests: Iterable[bytes]) -> Take:
        listed = list(digests)[: size.number(LOOK_UPS, 100)]

        def all_of_them() -> None:
            for digest in listed:
                work(digest)

        return cpu(all_of_them, len(listed), size.seconds)

    lookup = Baseline("a set", each(plain.__contains__, full.others))
    nano, shown = Unit.NANOSECONDS, f"of {entries:,}"
    looks = {
        "denylist-empty": ("nothing found, an empty list", empty, full.others),
        "denylist-miss": (f"nothing found, {shown}", full.reader, full.others),
        "denylist-hit": (f"something found, {shown}", full.reader, full.held),
    }
    lines = [
        Measurement(name, what, nano, each(lambda digest, one=one: one.contains(digest, NOW), digests), lookup)  # type: ignore[misc]  # each its own
        for name, (what, one, digests) in looks.items()
    ]
    # A set's own table, and an object of 16 bytes for each: what it takes is Python's to say.
    in_a_set = (plain.__sizeof__() + sum(map(bytes.__sizeof__, full.held))) / entries
    return [
        *lines,
        _loading(entries),
        Measurement(
            "denylist-bytes", "bytes an entry", Unit.BYTES, lambda: full.bytes_each, Baseline("a set", lambda: in_a_set)
        ),
    ]


def _loading(entries: int) -> Measurement:
    digests = _digests(entries)
    listed = [row.tobytes() for row in digests]

    def load() -> float:
        with ExitStack() as stack:
            writer = stack.enter_context(DenylistWriter(_memory(stack, entries)))
            before = time.process_time()
            writer.load(digests, _for_long(entries), NOW)
            spent = time.process_time() - before
            assert writer.counts(NOW).entries == entries, "not all are loaded"  # noqa: S101 - what is measured
        return spent / entries

    update = cpu(lambda: set(listed), entries, 0.0)
    return Measurement("denylist-load", f"loading {entries:,} digests", Unit.RATE_CPU, load, Baseline("a set", update))


def _filled(stack: ExitStack, entries: int) -> _Full:
    """Fill a list, and see that it knows what is on it and nothing else."""
    shared, digests = _memory(stack, entries), _digests(entries)
    writer = stack.enter_context(DenylistWriter(shared))
    writer.load(digests, _for_long(entries), NOW)
    reader = stack.enter_context(Denylist(shared))
    held, others = [row.tobytes() for row in digests], [os.urandom(16) for _ in range(LOOK_UPS)]
    assert all(reader.contains(one, NOW) for one in held[:LOOK_UPS]), "one is missing"  # noqa: S101
    assert not any(reader.contains(one, NOW) for one in others), "one was never added"  # noqa: S101
    return _Full(reader, held, others, shared.size / writer.counts(NOW).capacity)


def _memory(stack: ExitStack, entries: int) -> Segment:
    return stack.enter_context(segment.create(segment.pages(budget(entries))))


def _digests(number: int) -> NDArray[np.uint8]:
    return np.frombuffer(os.urandom(16 * number), dtype=np.uint8).reshape(-1, 16)


def _for_long(number: int) -> NDArray[np.uint32]:
    return np.full(number, LATER, dtype=np.uint32)
