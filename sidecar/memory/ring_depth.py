"""How full a ring is, for somebody who only looks on: neither of its ends, and no reader of what is in it."""

import mmap

from sidecar.memory.ring_layout import LINE, NOBODY, NOTE, READ, WRITTEN, WRITTEN_ALL, Region, read_note


def depth(memory: mmap.mmap, region: Region, seed: int) -> int:
    """Return how many records were written and not yet read; 0 where the ends are in no session together.

    As of a moment ago, and of two moments: a number to look at, by which nothing may be decided.
    """
    written: int
    written, producer, consumer = WRITTEN_ALL.unpack_from(memory, region.offset + WRITTEN)
    start = region.offset + READ
    read = read_note(READ, memory[start : start + NOTE.size], seed)
    if read is None or NOBODY in (producer, consumer) or (producer, consumer) != (read.producer, read.consumer):
        return 0
    # The number of those written is stored byte by byte: what is seen of it may be no number there ever was.
    return min(max(0, written - read.records), region.capacity // LINE)
