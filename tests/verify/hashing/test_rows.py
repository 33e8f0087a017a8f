"""Many byte strings at once, in one process."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from verify.hashing.hashes import KEY, as_bytes, key_for, one_by_one, strings

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.batch import parts
from sidecar.verify.hashing.rows import hash_rows, joined, length_prefixed, prefixed_values

ALGORITHMS = st.sampled_from(Algorithm)
#: Enough of them for FNV-1a to go by column, with a few that are much longer than the rest.
MANY = st.lists(st.binary(max_size=40), max_size=80) | st.builds(
    lambda short, long: short + long,
    st.lists(st.binary(max_size=12), min_size=40, max_size=80),
    st.lists(st.binary(min_size=100, max_size=400), max_size=4),
)


@given(ALGORITHMS, MANY)
def test_as_one_by_one(algorithm: Algorithm, values: list[bytes]) -> None:
    """Many at once have the digests that each has by itself, in their order."""
    assert as_bytes(hash_rows(algorithm, *joined(values), key_for(algorithm))) == one_by_one(algorithm, values)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_more_than_one_stretch(algorithm: Algorithm) -> None:
    """Rows beyond what is done at a time have theirs too."""
    values = [b"%d" % number for number in range(40_000)]
    digests = hash_rows(algorithm, *joined(values), key_for(algorithm))
    assert as_bytes(digests) == one_by_one(algorithm, values)
    assert len({each.tobytes() for each in digests}) == len(values)


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("kind", [np.uint64, np.int64, np.uint32, np.int16])
def test_some_of_the_data(algorithm: Algorithm, kind: type[np.integer]) -> None:
    """Offsets of any whole numbers may begin and end anywhere within the data, which may be of any kind of buffer."""
    data, offsets = b"abcdefghij", np.array([2, 5, 5, 9], dtype=kind)
    expected = one_by_one(algorithm, [b"cde", b"", b"fghi"])
    for buffer in (data, bytearray(data), memoryview(data), np.frombuffer(data, dtype=np.uint8)):
        assert as_bytes(hash_rows(algorithm, buffer, offsets, key_for(algorithm))) == expected


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_no_rows(algorithm: Algorithm) -> None:
    """No rows have no digests, of the right shape."""
    digests = hash_rows(algorithm, *joined([]), key_for(algorithm))
    assert digests.shape == ((0,) if algorithm.digest_bytes == 8 else (0, 16))


@pytest.mark.parametrize("offsets", [[0, 3, 2], [-1, 3], [0, 11], [[0, 3]], [], [2**63, 2**63 + 1]])
def test_offsets_out_of_place(offsets: list[int]) -> None:
    """Offsets that go back, lead out of the data, or are no row of numbers are refused."""
    array = np.array(offsets, dtype=np.uint64 if offsets and offsets[0] == 2**63 else np.int64)
    with pytest.raises(ValueError, match="offsets"):
        hash_rows(Algorithm.XXH64, b"0123456789", array)


def test_offsets_of_another_kind() -> None:
    """Offsets that are not whole numbers are refused."""
    with pytest.raises(ValueError, match="whole numbers"):
        hash_rows(Algorithm.XXH64, b"0123456789", np.array([0.0, 1.5]))


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [(Algorithm.BLAKE2B_128, b""), (Algorithm.BLAKE2B_128, bytes(15)), (Algorithm.BLAKE2B_128, bytes(65))]
    + [(algorithm, KEY) for algorithm in Algorithm if algorithm is not Algorithm.BLAKE2B_128],
)
def test_wrong_key(algorithm: Algorithm, key: bytes) -> None:
    """A hash without a key takes none; the one with a key takes no short one, and never does without."""
    with pytest.raises(ValueError, match="key"):
        hash_rows(algorithm, *joined([b"a"]), key)


def test_another_key_another_digest() -> None:
    """Who does not have the key cannot know a digest."""
    digests = [hash_rows(Algorithm.BLAKE2B_128, *joined([b"a"]), bytes([number]) * 32) for number in range(20)]
    assert len({digest.tobytes() for digest in digests}) == 20


@given(st.lists(st.binary(max_size=3), max_size=4), st.lists(st.binary(max_size=3), max_size=4))
def test_length_prefixed_tells_fields_apart(left: list[bytes], right: list[bytes]) -> None:
    """Different fields are different byte strings, however they are cut."""
    assert (length_prefixed(*left) == length_prefixed(*right)) is (left == right)


def test_length_prefixed_is_what_it_says() -> None:
    """Each field stands behind its length in four bytes."""
    assert length_prefixed(b"ab", b"", b"c") == b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c"


@given(st.binary(max_size=3), st.binary(max_size=3), st.lists(st.binary(max_size=300), max_size=20))
def test_prefixed_values_are_length_prefixed(first: bytes, second: bytes, values: list[bytes]) -> None:
    """Many values of the same two fields are each the three fields, length-prefixed."""
    assert prefixed_values(first, second, values) == [length_prefixed(first, second, value) for value in values]


@given(ALGORITHMS, st.integers(0, 60), st.integers(1, 9))
def test_parts_are_all_rows_once(algorithm: Algorithm, rows: int, number: int) -> None:
    """The parts that work is cut into are all rows, in order, once, and no more of them than asked for."""
    shares = parts(algorithm, joined(strings(rows)).offsets, number)
    assert [row for part in shares for row in part] == list(range(rows))
    assert len(shares) <= number
    assert all(shares)


def test_parts_are_fair() -> None:
    """Where one row is as long as all others together, it is about half of the work."""
    values = [bytes(100)] * 100 + [bytes(10_000)]
    first, second = parts(Algorithm.FNV1A_64, joined(values).offsets, 2)
    assert len(first) > 80
    assert len(second) < 20
