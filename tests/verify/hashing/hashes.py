"""What the tests of bulk hashing share."""

import random

import numpy as np

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.rows import Digests

KEY = bytes(range(32))


def key_for(algorithm: Algorithm) -> bytes:
    """Return a key where there is one."""
    return KEY if algorithm is Algorithm.BLAKE2B_128 else b""


def one_by_one(algorithm: Algorithm, values: list[bytes]) -> list[bytes]:
    """Return the digest of each, as the algorithm's authors print it."""
    function = algorithm.function(key_for(algorithm))
    return [function(value) for value in values]


def as_bytes(digests: Digests) -> list[bytes]:
    """Return digests in the same form."""
    if digests.dtype == np.uint64:
        return [int(number).to_bytes(8, "big") for number in digests]
    return [row.tobytes() for row in digests]


def strings(number: int, seed: int = 1) -> list[bytes]:
    """Return byte strings of all lengths, some of them long."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    return [chance.randbytes(chance.choice((0, 1, 7, chance.randrange(120), 700))) for _ in range(number)]
