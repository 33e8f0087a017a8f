"""ECDSA as JWS spells it (r and s side by side), and RSA with exactly the padding that the algorithm names."""

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.verify.signature import verify
from support.keypairs import pair

_MESSAGE = b"header.payload"
_ECDSA = [Algorithm.ES256, Algorithm.ES384, Algorithm.ES512]
_RSA = [Algorithm.RS256, Algorithm.RS384, Algorithm.RS512, Algorithm.PS256, Algorithm.PS384, Algorithm.PS512]
#: The orders of the groups (FIPS 186-4, appendix D.1.2).
_ORDERS = {
    Algorithm.ES256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    Algorithm.ES384: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    Algorithm.ES512: int("1" + 65 * "F" + "A51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}
_SIZES = {Algorithm.ES256: 32, Algorithm.ES384: 48, Algorithm.ES512: 66}


def _verify(algorithm: Algorithm, signature: bytes) -> bool:
    return verify(algorithm, pair(algorithm).public, _MESSAGE, signature)


def _numbers(algorithm: Algorithm) -> tuple[int, int]:
    good, size = pair(algorithm).sign(_MESSAGE), _SIZES[algorithm]
    return int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big")


@pytest.mark.parametrize("algorithm", _ECDSA)
def test_der(algorithm: Algorithm) -> None:
    """A signature in DER, which everybody but JOSE uses, is bad."""
    der = encode_dss_signature(*_numbers(algorithm))
    assert not _verify(algorithm, der)
    assert not _verify(algorithm, der.ljust(2 * _SIZES[algorithm], b"\0")[: 2 * _SIZES[algorithm]])


@pytest.mark.parametrize("algorithm", _ECDSA)
def test_numbers_out_of_range(algorithm: Algorithm) -> None:
    """R and s are between 0 and the order, both exclusive (CVE-2022-21449: zeros were good for everything)."""
    (r, s), order, size = _numbers(algorithm), _ORDERS[algorithm], _SIZES[algorithm]
    highest = 2 ** (8 * size) - 1
    for bad in [
        (0, s),
        (r, 0),
        (0, 0),
        (order, s),
        (r, order),
        (order, order),
        (highest, highest),
        (r + order, s),
        (1, 1),
    ]:
        if max(bad) <= highest:
            assert not _verify(algorithm, b"".join(number.to_bytes(size, "big") for number in bad))


@pytest.mark.parametrize("algorithm", _ECDSA)
def test_lengths(algorithm: Algorithm) -> None:
    """R and s have their full length each: neither cut of leading zeros nor lengthened by them."""
    (r, s), size = _numbers(algorithm), _SIZES[algorithm]
    for left, right in [(size + 1, size + 1), (size + 1, size), (size, size + 1), (size + 1, size - 1)]:
        try:
            signature = r.to_bytes(left, "big") + s.to_bytes(right, "big")
        except OverflowError:  # s begins with no zero, and so cannot be cut
            continue
        assert not _verify(algorithm, signature)


@pytest.mark.parametrize("algorithm", _ECDSA)
def test_malleability(algorithm: Algorithm) -> None:
    """The order minus s is as good as s, in ECDSA itself: so nothing may tell a revoked token by its whole text."""
    (r, s), size = _numbers(algorithm), _SIZES[algorithm]
    assert _verify(algorithm, r.to_bytes(size, "big") + (_ORDERS[algorithm] - s).to_bytes(size, "big"))


@pytest.mark.parametrize("algorithm", _ECDSA)
def test_swapped(algorithm: Algorithm) -> None:
    """S before r is bad."""
    r, s = _numbers(algorithm)
    size = _SIZES[algorithm]
    assert not _verify(algorithm, s.to_bytes(size, "big") + r.to_bytes(size, "big"))


def _sign(scheme: padding.AsymmetricPadding, digest: HashAlgorithm, algorithm: Algorithm = Algorithm.PS256) -> bytes:
    private = pair(algorithm).private
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(_MESSAGE, scheme, digest)


def _pss(salt: int, mask: HashAlgorithm | None = None) -> padding.PSS:
    return padding.PSS(padding.MGF1(mask or SHA256()), salt)


def test_pss_as_named() -> None:
    """PS256 is MGF1 with SHA-256, a salt of 32 bytes and SHA-256 itself."""
    assert _verify(Algorithm.PS256, _sign(_pss(32), SHA256()))


@pytest.mark.parametrize(
    ("scheme", "digest"),
    [
        (_pss(0), SHA256()),
        (_pss(20), SHA256()),
        (_pss(31), SHA256()),
        (_pss(33), SHA256()),
        (_pss(222), SHA256()),
        (_pss(32, SHA1()), SHA256()),  # noqa: S303 - that is the point
        (_pss(32, SHA512()), SHA256()),
        (_pss(32), SHA512()),
        (padding.PKCS1v15(), SHA256()),
    ],
    ids=range(9),
)
def test_pss_with_other_parameters(scheme: padding.AsymmetricPadding, digest: HashAlgorithm) -> None:
    """PSS with another salt length, mask or hash, or PKCS #1 v1.5, is bad for PS256."""
    assert not _verify(Algorithm.PS256, _sign(scheme, digest))


@pytest.mark.parametrize("scheme", [padding.PKCS1v15(), _pss(32)], ids=["pkcs1", "pss"])
def test_rs256_with_other_parameters(scheme: padding.AsymmetricPadding) -> None:
    """Another hash, or PSS, is bad for RS256."""
    digest = SHA512() if isinstance(scheme, padding.PKCS1v15) else SHA256()
    assert not _verify(Algorithm.RS256, _sign(scheme, digest, Algorithm.RS256))
    assert _verify(Algorithm.RS256, _sign(padding.PKCS1v15(), SHA256(), Algorithm.RS256))


@pytest.mark.parametrize("algorithm", _RSA)
def test_signature_plus_modulus(algorithm: Algorithm) -> None:
    """A number equal to the signature modulo n, or with a leading zero, is another spelling, and bad."""
    key = pair(algorithm)
    good = key.sign(_MESSAGE)
    public = key.private.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    bigger = int.from_bytes(good, "big") + public.public_numbers().n
    assert not _verify(algorithm, bigger.to_bytes(257, "big"))
    if bigger < 2**2048:
        assert not _verify(algorithm, bigger.to_bytes(256, "big"))
    assert not _verify(algorithm, b"\0" + good)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("algorithm", _RSA)
def test_fixed_points(algorithm: Algorithm, number: int) -> None:
    """0 and 1, whose powers are themselves, are bad, and so is n minus 1."""
    public = pair(algorithm).private.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    assert not _verify(algorithm, number.to_bytes(256, "big"))
    assert not _verify(algorithm, (public.public_numbers().n - 1).to_bytes(256, "big"))


def test_modulus_of_a_broken_number_of_bytes() -> None:
    """A key whose size is no multiple of eight has signatures of its whole bytes, and they pass."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2050)
    material = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = VerificationKey(None, frozenset(_RSA), material, b"")
    signature = private.sign(_MESSAGE, padding.PKCS1v15(), SHA256())
    assert len(signature) == 257
    assert verify(Algorithm.RS256, key, _MESSAGE, signature)
    assert not verify(Algorithm.RS256, key, _MESSAGE, signature[1:])
    pss = private.sign(_MESSAGE, _pss(32), SHA256())
    assert verify(Algorithm.PS256, key, _MESSAGE, pss)
