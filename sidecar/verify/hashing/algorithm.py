"""Which hashes there are, and each of them for a single byte string."""

from collections.abc import Callable
from enum import IntEnum
from hashlib import blake2b

from xxhash import xxh3_128_digest, xxh64_digest

from sidecar.verify.hashing import fnv

#: BLAKE2b takes keys up to 64 bytes (RFC 7693, 2.1).
MAX_KEY_BYTES = 64
LEAST_KEY_BYTES = 16


class Algorithm(IntEnum):
    """The hashes. Only the last has a key."""

    XXH64 = 1  #: xxHash, 64 bits, seed 0
    XXH3_128 = 2  #: XXH3, 128 bits, seed 0
    FNV1A_64 = 3  #: FNV-1a, 64 bits (RFC 9923)
    BLAKE2B_128 = 4  #: keyed BLAKE2b, 128 bits (RFC 7693)

    @property
    def digest_bytes(self) -> int:
        """Return how many bytes a digest has."""
        return 8 if self in (Algorithm.XXH64, Algorithm.FNV1A_64) else 16

    @property
    def row_cost(self) -> int:
        """Return what a row costs whatever its length, in bytes that would cost as much: for fair parts."""
        return 32 if self is Algorithm.FNV1A_64 else 512

    def check_key(self, key: bytes) -> None:
        """Raise ``ValueError`` for a key where there is none, and for none, a short or a long one where there is."""
        if self is not Algorithm.BLAKE2B_128:
            if key:
                raise ValueError(f"{self.name} takes no key")
        elif not LEAST_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes: {LEAST_KEY_BYTES} to {MAX_KEY_BYTES} bytes for {self.name}")

    def function(self, key: bytes = b"") -> Callable[[bytes], bytes]:
        """Return what hashes one byte string: the digest in the form the algorithm's authors print it, big end first.

        Raises ``ValueError`` for a wrong key (``check_key``).
        """
        self.check_key(key)
        if self is Algorithm.XXH64:
            return xxh64_digest
        if self is Algorithm.XXH3_128:
            return xxh3_128_digest
        if self is Algorithm.FNV1A_64:
            return lambda value: fnv.fnv1a_64(value).to_bytes(8, "big")
        return _keyed_blake2b(key)


def _keyed_blake2b(key: bytes) -> Callable[[bytes], bytes]:
    # The key is a block of its own, hashed first: copying the state after it saves a third.
    start = blake2b(digest_size=16, key=key)

    def digest(value: bytes) -> bytes:
        state = start.copy()
        state.update(value)
        return state.digest()

    return digest
