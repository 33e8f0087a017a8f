"""Ed25519 where implementations disagree: the vectors of "Taming the many EdDSAs", and those of RFC 8032.

Two gates: a key that is not a canonical point of the main subgroup is refused when its key set is read; and libsodium
refuses S that is not reduced, and R and keys of small order or not canonical (RFC 8032, section 5.1.7).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.keys.jwk import JwkError, verification_key
from sidecar.keys.jwks import JwksError, read_jwks
from sidecar.verify.signature import verify
from support.tokens import part

_VECTORS = json.loads((Path(__file__).parents[1] / "vectors/ed25519_speccheck.json").read_text("utf-8"))
#: All others have a key of small or mixed order, or one that is not canonical.
_GOOD_KEYS = {9, 10}
#: R and A have parts of small order that cancel: libsodium takes the signature, so that the key must not come so far.
_GOOD_SIGNATURES = {6}
#: RFC 8032, section 7.1, tests 1 to 3: public key, message, signature.
_RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
            "5141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb0"
            "0d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc0"
            "27beceea1ec40a"
        ),
    ),
]


def _jwk(public_key: str) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": part(bytes.fromhex(public_key)).decode()}


def _verify(public_key: str, message: str, signature: str) -> bool:
    key = VerificationKey(None, frozenset({Algorithm.EDDSA}), bytes.fromhex(public_key), b"")
    return verify(Algorithm.EDDSA, key, bytes.fromhex(message), bytes.fromhex(signature))


@pytest.mark.parametrize("vector", _VECTORS, ids=lambda vector: vector["number"])
def test_key(vector: dict[str, Any]) -> None:
    """A key of small or mixed order, or in another spelling than its own, never gets out of a key set."""
    jwk = _jwk(vector["public_key"])
    if vector["number"] in _GOOD_KEYS:
        assert verification_key(jwk).material == bytes.fromhex(vector["public_key"])
        return
    with pytest.raises(JwkError, match="not a canonical point of the main subgroup"):
        verification_key(jwk)
    with pytest.raises(JwksError, match="no key that can be used"):
        read_jwks(json.dumps({"keys": [jwk]}).encode())


@pytest.mark.parametrize("vector", _VECTORS, ids=lambda vector: vector["number"])
def test_signature(vector: dict[str, Any]) -> None:
    """Even with its key past the first gate, a signature is bad; but for one, for which that gate is there."""
    good = _verify(vector["public_key"], vector["message"], vector["signature"])
    assert good is (vector["number"] in _GOOD_SIGNATURES)


def test_nothing_gets_past_both() -> None:
    """No vector has a key that is taken and a signature that is good."""
    assert [vector["number"] for vector in _VECTORS] == list(range(15))
    assert _GOOD_KEYS.isdisjoint(_GOOD_SIGNATURES)


@pytest.mark.parametrize(("public_key", "message", "signature"), _RFC_8032, ids=["1", "2", "3"])
def test_rfc_8032(public_key: str, message: str, signature: str) -> None:
    """The examples of RFC 8032: their keys are taken, and their signatures good, and for that message alone."""
    assert verification_key(_jwk(public_key)).material.hex() == public_key
    assert _verify(public_key, message, signature)
    assert not _verify(public_key, message + "00", signature)
