"""Values that do not fit into one slot: split into parts for several, and put together again."""

from collections import defaultdict
from collections.abc import Iterable

from xxhash import xxh3_64_intdigest

from sidecar.memory.layout import BINDING, MAX_PARTS

#: The number of a value that is whole in its slot: index 0 of 1.
WHOLE = 0x01

#: What one slot holds of a value: number (index * 16 + count), content, expiry. A plain tuple, for the speed of hits.
Part = tuple[int, bytes, float]


def split(value: bytes, expires_at: float, room: int, seed: int) -> list[Part]:
    """Cut ``value`` into as many parts as it takes with ``room`` bytes each; none if it takes too many."""
    if len(value) <= room:
        return [(WHOLE, value, expires_at)]
    step = room - BINDING.size
    count = -(-len(value) // step)
    if count > MAX_PARTS:
        return []
    binding = _binding(value, seed)
    pieces = (value[index * step : (index + 1) * step] for index in range(count))
    return [(index << 4 | count, binding + piece, expires_at) for index, piece in enumerate(pieces)]


def join(parts: Iterable[Part], seed: int) -> tuple[bytes, float] | None:
    """Put parts of one key, in any order, together: value and expiry, or ``None`` where no value is complete.

    INVARIANT: all parts of what is put together have the same expiry and name the same digest, that of the whole.
    """
    puts: defaultdict[tuple[bytes, float], dict[int, bytes]] = defaultdict(dict)
    for number, content, expires_at in parts:
        puts[content[: BINDING.size], expires_at][number] = content[BINDING.size :]
    for (binding, expires_at), pieces in puts.items():
        value = b"".join(pieces[number] for number in sorted(pieces))
        if _binding(value, seed) == binding:
            return value, expires_at
    return None


def _binding(value: bytes, seed: int) -> bytes:
    return BINDING.pack(xxh3_64_intdigest(value, seed))
