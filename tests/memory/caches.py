"""Caches and keys for the tests of the shared cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b, shake_128
from struct import pack

from sidecar.memory import segment
from sidecar.memory.cache import SharedCache

NOW = 1_750_000_000.0
LATER = NOW + 600
SEED = 0x5EED_5EED_5EED_5EED
#: The smallest there is: one pair of buckets, eight slots, of each kind. All keys share both buckets.
SMALLEST = 8192


@contextmanager
def cache(budget: int = SMALLEST, seed: int = SEED) -> Iterator[tuple[SharedCache, segment.Segment]]:
    """Give a new cache and its segment."""
    with segment.create(budget) as shared:
        yield SharedCache(shared, seed), shared


def key(number: int) -> bytes:
    """Return a key, as good a hash as the real ones."""
    return blake2b(str(number).encode(), digest_size=32).digest()


def placed_key(first: int, second: int, tag: int, rest: bytes = bytes(16)) -> bytes:
    """Return a key whose words for the two buckets, and whose tag, are these."""
    return pack("=II8sQ8s", first, second, rest[:8], tag, rest[8:])


def value_for(key: bytes, version: int, longest: int) -> bytes:
    """Return the one value that a key has in a version: it begins with the version, its length depends on both."""
    seed = version.to_bytes(2, "big") + key
    length = int.from_bytes(blake2b(seed, digest_size=4).digest(), "big") % (longest - 1)
    return seed[:2] + shake_128(seed).digest(length)


def is_value_for(key: bytes, value: bytes, longest: int) -> bool:
    """Say whether ``value`` is one of those a key may have."""
    return value == value_for(key, int.from_bytes(value[:2], "big"), longest)
