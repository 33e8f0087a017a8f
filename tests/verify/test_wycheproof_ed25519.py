"""Wycheproof's Ed25519 cases: directly, and through a JWS.

A case signs a message of its own, and its private key is not in the file: the signature cannot be moved to a JWS's
signing input. What can be asked through a JWS is which keys and which spellings of a signature get through. So each
case's key goes through our JWK reader, and each case's signature is wrapped in a JWS under its key: over that other
signing input none may verify, and those of another length than 64 bytes may not even be parsed. That a bad
verdict there is not for want of a good one is shown by the same payload signed with a key of our own; and what the
file has most bad encodings of, S, is put into such a JWS as well.
"""

from typing import Any

import pytest

from sidecar.core import jws
from sidecar.core.algorithm import Algorithm
from sidecar.core.reason import Reason, Refusal
from sidecar.keys.jwk import verification_key
from sidecar.verify.signature import verify
from support.keypairs import pair
from support.tokens import claims, forge, part
from support.vectors import cases

_CASES = cases("ed25519")
_IDS = [case["tcId"] for _, case in _CASES]
_ORDER = 2**252 + 27742317777372353535851937790883648493


def _parse(header: bytes, payload: bytes, signature: bytes) -> jws.UnverifiedToken:
    return jws.parse(b".".join(map(part, (header, payload, signature))), 100_000)


def test_number_of_cases() -> None:
    """The file is whole."""
    assert len(_CASES) == 151


@pytest.mark.parametrize(("group", "case"), _CASES, ids=_IDS)
def test_directly(group: dict[str, Any], case: dict[str, Any]) -> None:
    """The verifier's verdict is the file's."""
    key = verification_key(group["publicKeyJwk"])
    assert key.material == bytes.fromhex(group["publicKey"]["pk"])
    verdict = verify(Algorithm.EDDSA, key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
    assert verdict is (case["result"] == "valid")


@pytest.mark.parametrize(("group", "case"), _CASES, ids=_IDS)
def test_wrapped(group: dict[str, Any], case: dict[str, Any]) -> None:
    """In a JWS a signature over another message is bad, and one of another length than 64 bytes is not even parsed."""
    signature = bytes.fromhex(case["sig"])
    try:
        token = _parse(b'{"alg":"EdDSA"}', bytes.fromhex(case["msg"]), signature)
    except Refusal as refusal:
        assert (refusal.reason, len(signature) == 64) == (Reason.BAD_SIGNATURE, False)  # noqa: PT017 - one of two ways
        return
    assert token.signature == signature
    assert not verify(token.algorithm, verification_key(group["publicKeyJwk"]), token.signing_input, signature)


@pytest.mark.parametrize(("group", "case"), _CASES, ids=_IDS)
def test_same_message_signed_by_us(group: dict[str, Any], case: dict[str, Any]) -> None:
    """A JWS around the case's message, signed with our own key, is good under ours, and bad under the case's."""
    own = pair()
    token = jws.parse(forge({"alg": "EdDSA"}, bytes.fromhex(case["msg"]), own).encode(), 100_000)
    assert verify(token.algorithm, own.public, token.signing_input, token.signature)
    assert not verify(token.algorithm, verification_key(group["publicKeyJwk"]), token.signing_input, token.signature)


@pytest.mark.parametrize("times", range(1, 15))
def test_malleability_through_a_jws(times: int) -> None:
    """S plus a multiple of the order, as in the file's SignatureMalleability cases, parses and is bad."""
    good = jws.parse(forge({"alg": "EdDSA"}, claims()).encode(), 8192)
    s = int.from_bytes(good.signature[32:], "little") + times * _ORDER
    other = good.signing_input + b"." + part(good.signature[:32] + s.to_bytes(32, "little"))
    token = jws.parse(other, 8192)
    assert not verify(token.algorithm, pair().public, token.signing_input, token.signature)
