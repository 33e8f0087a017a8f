"""Ed25519 as RFC 8032 has it, and stricter: one signature spelling, no keys of low order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.verify.signature import verify
from support.keypairs import pair

_ORDER = 2**252 + 27742317777372353535851937790883648493
_P = 2**255 - 19
_MESSAGE = b"header.payload"
_KEY = pair()
_GOOD = _KEY.sign(_MESSAGE)


def _verify(signature: bytes, message: bytes = _MESSAGE, material: bytes = _KEY.public.material) -> bool:
    key = VerificationKey(None, frozenset({Algorithm.EDDSA}), material, b"")
    return verify(Algorithm.EDDSA, key, message, signature)


@pytest.mark.parametrize("times", range(1, 15))
def test_malleability(times: int) -> None:
    """S plus a multiple of the group's order is another spelling of the same signature, and bad."""
    s = int.from_bytes(_GOOD[32:], "little") + times * _ORDER
    assert _verify(_GOOD)
    assert not _verify(_GOOD[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("bit", range(253, 256))
def test_high_bits(bit: int) -> None:
    """The three highest bits of S are zero."""
    s = int.from_bytes(_GOOD[32:], "little") | 1 << bit
    assert not _verify(_GOOD[:32] + s.to_bytes(32, "little"))


_LOW = [
    *((number | sign << 255).to_bytes(32, "little") for number in (0, 1, _P - 1, _P, _P + 1) for sign in (0, 1)),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]


@pytest.mark.parametrize("point", _LOW, ids=bytes.hex)
def test_keys_of_low_order(point: bytes) -> None:
    """Under a key of low order no signature is good, though for some equations many would be."""
    for r in _LOW:
        for s in (0, 1):
            assert not _verify(r + s.to_bytes(32, "little"), material=point)


@pytest.mark.parametrize("point", _LOW, ids=bytes.hex)
def test_r_of_low_order(point: bytes) -> None:
    """A signature whose R is of low order is bad under a good key."""
    assert not _verify(point + _GOOD[32:])
    assert not _verify(point + bytes(32))


@pytest.mark.parametrize("size", [31, 33, 64])
def test_key_length(size: int) -> None:
    """A key that is not 32 bytes long verifies nothing; to call it a mistake is fine as well."""
    material = (_KEY.public.material * 2)[:size]
    try:
        assert not _verify(_GOOD, material=material)
    except ValueError:
        assert size != 32


@given(st.integers(1, 63))
def test_signature_is_not_lent_bytes_by_the_message(cut: int) -> None:
    """A short signature is bad also where the message goes on with what it lacks."""
    assert not _verify(_GOOD[:-cut], _GOOD[-cut:] + _MESSAGE)


@given(st.integers(1, len(_MESSAGE)))
def test_signature_does_not_lend_bytes_to_the_message(cut: int) -> None:
    """A long signature is bad also where it goes on with the beginning of the message."""
    assert not _verify(_GOOD + _MESSAGE[:cut], _MESSAGE[cut:])


@given(st.integers(0, 63), st.integers(1, 255))
def test_any_byte(place: int, change: int) -> None:
    """A signature with any byte changed is bad."""
    changed = bytearray(_GOOD)
    changed[place] ^= change
    assert not _verify(bytes(changed))
