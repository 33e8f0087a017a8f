"""A snapshot says what was put into it, or nothing at all."""

import math
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.warming.keys import keys_of
from sidecar.warming.snapshot import Remembered, SnapshotError, unseal
from sidecar.warming.snapshot import seal as sealed_parts

_KEY, _TRUST, _NOW = bytes(range(32)), b"t" * 32, 1_750_000_000.0
_ENTRIES = st.lists(
    st.builds(
        Remembered,
        st.binary(min_size=32, max_size=32),
        st.binary(max_size=2000),
        st.floats(min_value=_NOW - 100, max_value=_NOW + 100),
    ),
    max_size=8,
)
_SOME = [Remembered(bytes([number]) * 32, b"value" * number, _NOW + 60) for number in range(1, 4)]


def seal(entries: Iterable[Remembered], trust: bytes, now: float, key: bytes) -> bytes:
    """Return a snapshot as it is in its file."""
    return b"".join(sealed_parts(entries, trust, now, key))


def _open(data: bytes, now: float = _NOW, trust: bytes = _TRUST, key: bytes = _KEY) -> list[Remembered]:
    return list(unseal(data, trust, now, key))


@given(_ENTRIES)
def test_as_it_was(entries: list[Remembered]) -> None:
    """What comes out is what went in, in order, but for what is over."""
    live = [one for one in entries if one.expires_at > _NOW]
    assert _open(seal(entries, _TRUST, _NOW, _KEY)) == live


def test_part_by_part() -> None:
    """No entry is asked for before the one before it was taken: a snapshot is never in memory as a whole."""
    asked = []

    def entries() -> Iterator[Remembered]:
        for one in _SOME:
            asked.append(one)
            yield one

    parts = sealed_parts(entries(), _TRUST, _NOW, _KEY)
    next(parts)
    assert asked == []
    for number in range(1, len(_SOME) + 1):
        next(parts)
        assert asked == _SOME[:number]


@given(st.integers(min_value=0), st.integers(0, 7))
def test_one_bit(place: int, bit: int) -> None:
    """With one bit of it altered, wherever, nothing is believed."""
    data = bytearray(seal(_SOME, _TRUST, _NOW, _KEY))
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(SnapshotError, match="not sealed"):
        _open(bytes(data))


@given(st.integers(min_value=0), st.binary(max_size=40))
def test_cut_or_longer(place: int, more: bytes) -> None:
    """Cut off, or with something behind, neither."""
    data = seal(_SOME, _TRUST, _NOW, _KEY)
    changed = data[: place % (len(data) + 1)] + more
    if changed != data:
        with pytest.raises(SnapshotError):
            _open(changed)


def test_of_another() -> None:
    """Of another key, another Trust, or from the future it is refused; from the past it is taken."""
    data = seal(_SOME, _TRUST, _NOW, _KEY)
    with pytest.raises(SnapshotError, match="not sealed"):
        _open(data, key=bytes(32))
    with pytest.raises(SnapshotError, match="another configuration"):
        _open(data, trust=b"u" * 32)
    with pytest.raises(SnapshotError, match="future"):
        _open(data, now=_NOW - 61)
    with pytest.raises(SnapshotError, match="future"):
        _open(seal(_SOME, _TRUST, math.nan, _KEY))
    assert _open(data, now=_NOW + 59) == _SOME
    assert _open(data, now=_NOW + 60) == []


def test_another_version() -> None:
    """What is sealed with our key, and no snapshot of this version, is refused."""
    body = b"AUTHZWU0" + seal(_SOME, _TRUST, _NOW, _KEY)[8:-32]
    with pytest.raises(SnapshotError, match="version"):
        _open(body + blake2b(body, digest_size=32, key=_KEY).digest())


def test_endless() -> None:
    """An entry without an end, which nobody writes, is left out."""
    entries = [Remembered(bytes(32), b"v", until) for until in (math.inf, math.nan)]
    assert _open(seal(entries, _TRUST, _NOW, _KEY)) == []


@given(st.binary(min_size=32, max_size=64), st.binary(min_size=32, max_size=64))
def test_keys(one: bytes, other: bytes) -> None:
    """Of a secret two keys are made that are always the same, and never each other, nor another secret's."""
    made = keys_of(one)
    assert made == keys_of(one)
    assert made.cache != made.seal
    assert (made == keys_of(other)) is (one == other)
    assert repr(made) == "WarmUpKeys()"
