"""HS256: HMAC with SHA-256 (RFC 7518, section 3.2), compared in constant time."""

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import base64url, jws
from sidecar.core.algorithm import SYMMETRIC, Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.core.reason import Refusal
from sidecar.verify.pool import codec
from sidecar.verify.signature import verify
from support.keypairs import pair
from support.vectors import cases

_SECRET = bytes(range(32))
_CASES = [(group, case) for group, case in cases("jws") if "public" not in group and group["private"]["kty"] == "oct"]
#: Characters in the base64url that are not of its alphabet: refused here (RFC 7515, section 2), valid in the file.
_REFUSED_BY_DESIGN = {372, 373}
#: Called invalid for their padding, of which there is none: each is the very token of case 357, which is valid.
_WITHOUT_FAULT = {367, 370}


def _key(secret: bytes = _SECRET) -> VerificationKey:
    return VerificationKey(None, SYMMETRIC, secret, b"")


def _verify(signature: bytes, message: bytes = b"message") -> bool:
    return verify(Algorithm.HS256, _key(), message, signature)


def test_rfc_7515_example() -> None:
    """The example of RFC 7515, appendix A.1."""
    secret = base64url.decode(b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
    message = (
        b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        b"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    signature = base64url.decode(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert verify(Algorithm.HS256, _key(secret), message, signature)
    assert not verify(Algorithm.HS256, _key(secret + b"x"), message, signature)


def _verifies(group: dict[str, Any], token: object) -> bool:
    """Go the way of a token, but for a key set that HS256 never comes out of."""
    private = group["private"]
    try:
        parsed = jws.parse(str(token).encode(), 100_000)
    except Refusal:
        return False
    key = _key(base64url.decode(private["k"].encode()))
    return parsed.algorithm in SYMMETRIC and verify(parsed.algorithm, key, parsed.signing_input, parsed.signature)


@pytest.mark.parametrize(("group", "case"), _CASES, ids=[case["tcId"] for _, case in _CASES])
def test_wycheproof(group: dict[str, Any], case: dict[str, Any]) -> None:
    """Wycheproof's cases with a symmetric key, all of which are HS256, but for what is no base64url."""
    expected = case["result"] == "valid" and case["tcId"] not in _REFUSED_BY_DESIGN
    expected |= case["tcId"] in _WITHOUT_FAULT
    assert _verifies(group, case["jws"]) is expected


def test_wycheproof_is_whole() -> None:
    """There are 40 such cases, and some of them pass."""
    assert len(_CASES) == 40
    assert sum(_verifies(group, case["jws"]) for group, case in _CASES) >= 8


@given(st.binary(max_size=100).filter(lambda made: made != hmac.digest(_SECRET, b"message", "sha256")))
def test_any_other_bytes(signature: bytes) -> None:
    """Whatever is not exactly the MAC is bad: nothing, a part of it, and more."""
    assert not _verify(signature)


@given(st.integers(0, 31))
def test_truncated(size: int) -> None:
    """A truncated MAC is bad, though HMAC has such (RFC 2104, section 5): JWS has not."""
    assert not _verify(hmac.digest(_SECRET, b"message", "sha256")[:size])


@pytest.mark.parametrize("other", ["sha1", "sha384", "sha512"])
def test_other_hashes(other: str) -> None:
    """A MAC with another hash is bad, also cut to the right length."""
    made = hmac.digest(_SECRET, b"message", other)
    assert not _verify(made)
    assert not _verify(made[:32])


def test_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """MACs are compared by ``hmac.compare_digest``, and its word is what counts."""
    compared = []

    def never(expected: bytes, sent: bytes) -> bool:
        compared.append((expected, sent))
        return False

    good = hmac.digest(_SECRET, b"message", "sha256")
    assert _verify(good)
    monkeypatch.setattr(hmac, "compare_digest", never)
    assert not _verify(good)
    assert compared == [(good, good)]


@pytest.mark.parametrize("algorithm", [Algorithm.RS256, Algorithm.ES256, Algorithm.EDDSA])
def test_public_key_is_no_secret(algorithm: Algorithm) -> None:
    """A public key asked to verify HS256, or a secret to verify anything else, is a mistake and never a verdict."""
    key = pair(algorithm).public
    mac = hmac.digest(key.material, b"message", "sha256")
    with pytest.raises(ValueError, match="asked to verify"):
        verify(Algorithm.HS256, key, b"message", mac)
    with pytest.raises(ValueError, match="asked to verify"):
        verify(algorithm, _key(), b"message", mac)


def test_no_secret_enters_a_ring() -> None:
    """HS256 has no number in the jobs of the verifier pool, so that a secret cannot be handed to it."""
    assert SYMMETRIC.isdisjoint(codec.ALGORITHMS)
