"""Rings for the tests of corruption and torture."""

from hashlib import shake_128

from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.memory.ring_layout import RECORDS

SEED = 0x5EED_5EED_5EED_5EED
#: Small enough that every few records go round its end.
REGION = Region(64, RECORDS + 1024)


def ends(shared: segment.Segment, region: Region = REGION) -> tuple[Producer, Consumer]:
    """Return both ends of a ring, as a process each makes them."""
    return Producer(shared.memory, region, SEED), Consumer(shared.memory, region, SEED)


def record_of(incarnation: bytes, number: int) -> bytes:
    """Return the one right record of a producer (8 bytes) and a number; its length depends on both."""
    name = incarnation + number.to_bytes(8, "big")
    digest = shake_128(name)
    return name + digest.digest(int.from_bytes(digest.digest(2), "big") % 600)


def name_of(record: bytes) -> tuple[bytes, int] | None:
    """Return producer and number of a record, or ``None`` if it is not one, or not as it was pushed."""
    incarnation, number = record[:8], int.from_bytes(record[8:16], "big")
    return (incarnation, number) if record == record_of(incarnation, number) else None
