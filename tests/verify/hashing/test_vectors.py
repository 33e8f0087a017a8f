"""The hashes against their authors' own examples, one by one, many at once and in several processes' way.

xxHash: ``cli/xsum_sanity_check.c`` of Cyan4973/xxHash (XSUM_XXH64_testdata and XSUM_XXH128_testdata, seed 0), over its
pseudorandom buffer. FNV-1a: RFC 9923 and ``test_fnv.c`` of the algorithm's authors (Noll), the first and some others of
its 64-bit vectors. For keyed BLAKE2b with 128 bits RFC 7693 has none: libsodium's own implementation is the witness.
"""

from collections.abc import Iterator

import nacl.encoding
import nacl.hash
import pytest
from verify.hashing.hashes import KEY, as_bytes, key_for

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.rows import hash_rows, joined

#: Length of the sanity buffer's beginning, and its hash.
XXH64 = {
    0: 0xEF46DB3751D8E999,
    1: 0xE934A84ADB052768,
    4: 0x9136A0DCA57457EE,
    14: 0x8282DCC4994E35C8,
    222: 0xB641AE8CB691C174,
}
#: The same, with the upper and the lower half.
XXH3_128 = {
    0: (0x99AA06D3014798D8, 0x6001C324468D497F),
    1: (0xA6CD5E9392000F6A, 0xC44BDFF4074EECDB),
    6: (0x082AFE0B8162D12A, 0x3E7039BDDA43CFC6),
    12: (0x6E3EFD8FC7802B18, 0x061A192713F69AD9),
    24: (0x0CE966E4678D3761, 0x1E7044D28B1B901D),
    48: (0xA002AC4E5478227E, 0xF942219AED80F67B),
    81: (0x4952F58181AB0042, 0x5E8BAFB9F95FB803),
    222: (0x337E09641B948717, 0xF1AEBD597CEC6B3A),
    403: (0x1B6DE21E332DD73D, 0xCDEB804D65C6DEA4),
    512: (0x18D2D110DCC9BCA1, 0x617E49599013CB6B),
    2048: (0xF736557FD47073A5, 0xDD59E2C3A5F038E0),
    2240: (0xCCB134FBFA7CE49D, 0x6E73A90539CF2948),
    2367: (0xE89C0F6FF369B427, 0xCB37AEB9E5D361ED),
}
FNV1A_64 = {
    b"": 0xCBF29CE484222325,
    b"a": 0xAF63DC4C8601EC8C,
    b"b": 0xAF63DF4C8601F1A5,
    b"foo": 0xDCB27518FED9D577,
    b"foobar": 0x85944171F73967E8,
}


def sanity_buffer(length: int) -> bytes:
    """Return what xxHash's own tests hash (XSUM_fillTestBuffer)."""

    def generate() -> Iterator[int]:
        state = 2654435761
        for _ in range(length):
            yield state >> 56
            state = state * 11400714785074694797 % 2**64

    return bytes(generate())


def cases() -> Iterator[tuple[Algorithm, bytes, bytes]]:
    """Give algorithm, byte string and digest."""
    for length, number in XXH64.items():
        yield Algorithm.XXH64, sanity_buffer(length), number.to_bytes(8, "big")
    for length, (upper, lower) in XXH3_128.items():
        yield Algorithm.XXH3_128, sanity_buffer(length), (upper << 64 | lower).to_bytes(16, "big")
    for value, number in FNV1A_64.items():
        yield Algorithm.FNV1A_64, value, number.to_bytes(8, "big")
    for length in (0, 1, 127, 128, 129, 300):
        value = sanity_buffer(length)
        digest = nacl.hash.blake2b(value, digest_size=16, key=KEY, encoder=nacl.encoding.RawEncoder)
        yield Algorithm.BLAKE2B_128, value, digest


@pytest.mark.parametrize(("algorithm", "value", "digest"), list(cases()))
def test_one_by_one(algorithm: Algorithm, value: bytes, digest: bytes) -> None:
    """A single byte string has the digest that the authors print."""
    assert algorithm.function(key_for(algorithm))(value) == digest


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_many_at_once(algorithm: Algorithm) -> None:
    """All of an algorithm's examples at once have these digests; 64 bits are a number each."""
    values, digests = zip(*[(value, digest) for name, value, digest in cases() if name is algorithm], strict=True)
    found = hash_rows(algorithm, *joined(values * 40), key_for(algorithm))
    assert as_bytes(found) == list(digests * 40)
