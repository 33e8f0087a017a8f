"""Each algorithm family: good signatures pass, and nothing else does."""

import pytest

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.verify.signature import verify
from support.keypairs import pair

_MESSAGE = b"header.payload"
_PAIRS = [(one, other) for one in ASYMMETRIC for other in ASYMMETRIC if one is not other]


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_good(algorithm: Algorithm) -> None:
    """A signature verifies with the key that made it."""
    key = pair(algorithm)
    assert verify(algorithm, key.public, _MESSAGE, key.sign(_MESSAGE)) is True


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_other_key(algorithm: Algorithm) -> None:
    """A signature of another key of the same kind is bad."""
    assert verify(algorithm, pair(algorithm).public, _MESSAGE, pair(algorithm, owner="other").sign(_MESSAGE)) is False


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("message", [b"", b"header.payloae", b"header.payload\0", b"\0header.payload"])
def test_other_message(algorithm: Algorithm, message: bytes) -> None:
    """A signature over another message is bad."""
    key = pair(algorithm)
    assert verify(algorithm, key.public, message, key.sign(_MESSAGE)) is False


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_other_lengths(algorithm: Algorithm) -> None:
    """A signature that was cut or lengthened at either end, or is empty, is bad."""
    key = pair(algorithm)
    good = key.sign(_MESSAGE)
    for bad in (b"", good[:-1], good[1:], good + b"\0", b"\0" + good, good + good, good[: len(good) // 2]):
        assert verify(algorithm, key.public, _MESSAGE, bad) is False


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("byte", [0, 0xFF])
def test_constant(algorithm: Algorithm, byte: int) -> None:
    """A signature of zeros, or of ones, is bad."""
    key = pair(algorithm)
    size = len(key.sign(_MESSAGE))
    assert verify(algorithm, key.public, _MESSAGE, bytes([byte]) * size) is False


@pytest.mark.parametrize(("signer", "claimed"), _PAIRS)
def test_key_for_another_algorithm(signer: Algorithm, claimed: Algorithm) -> None:
    """A key asked for an algorithm that is not its own is a mistake of the caller, never a verdict."""
    key = pair(signer)
    with pytest.raises(ValueError, match="asked to verify"):
        verify(claimed, key.public, _MESSAGE, key.sign(_MESSAGE))


@pytest.mark.parametrize(
    ("signer", "claimed"),
    [(one, other) for one, other in _PAIRS if Algorithm.EDDSA not in {one, other}],
)
def test_material_of_another_kind(signer: Algorithm, claimed: Algorithm) -> None:
    """Even where a key's algorithms are mislabelled, a signature of one algorithm is never good for another."""
    key = pair(signer)
    mislabelled = VerificationKey(None, frozenset({claimed}), key.public.material, b"")
    try:
        assert verify(claimed, mislabelled, _MESSAGE, key.sign(_MESSAGE)) is False
    except ValueError as error:
        assert "not a key for" in str(error)  # noqa: PT017 - either will do
