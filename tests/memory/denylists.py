"""Denylists and digests for the tests of the denylist."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from struct import pack

import numpy as np
from numpy.typing import NDArray

from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import geometry
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment

NOW = 1_750_000_000.0
LATER = NOW + 600
#: 63 buckets in one shard, for 113 entries.
SMALLEST = 4096


@contextmanager
def denylist(budget: int = SMALLEST) -> Iterator[tuple[DenylistWriter, Denylist, Segment]]:
    """Give a new list: its writer, a reader and the segment."""
    with segment.create(budget) as shared, DenylistWriter(shared) as writer, Denylist(shared) as reader:
        yield writer, reader, shared


def digest(number: int, home: int | None = None) -> bytes:
    """Return a digest, as good a hash as the real ones; its home is ``home``, if there are more buckets than that."""
    made = blake2b(b"%d" % number, digest_size=16).digest()
    return made if home is None else pack("<I", home) + made[4:]


def rows(digests: list[bytes]) -> NDArray[np.uint8]:
    """Return digests as ``load`` wants them."""
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 16)


def until(*expiries: float) -> NDArray[np.uint32]:
    """Return coarse expiries as ``load`` wants them."""
    return np.array(expiries, dtype=np.uint32)


def place_of(shared: Segment, wanted: bytes) -> tuple[int, int]:
    """Return where the bucket of a digest begins, and the slot that it is in."""
    measures = geometry(shared.size)
    for bucket in range(measures.buckets):
        start = measures.place(bucket)
        for slot in range(3):
            if shared.memory[start + 16 * slot : start + 16 * slot + 16] == wanted:
                return start, slot
    raise LookupError


def environment() -> dict[str, str]:
    """Return what a program of ours runs in: measured for coverage, it would complain when it is killed."""
    path = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")} | {"PYTHONPATH": path}
