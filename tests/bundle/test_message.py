"""Bundles as they are sent: what is signed by whom it must be comes out as it went in, and nothing else does."""

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.bundle.message import TYPE, BundleError, read_bundle, read_unverified, sign
from sidecar.core import base64url
from sidecar.core.keys import KeySet
from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.revocation.message import sign as sign_revocations
from sidecar.settings.policy_bundle import signers_of
from support.bundles import allow, content

_KEY, _OTHER = generate("signer"), generate("other")
_POLICIES = allow("/orders")


def _keys(*keys: SigningKey) -> KeySet:
    return signers_of(key_set_document(list(keys)).encode())


_BELIEVED = _keys(_KEY)
_COMPACT = sign(content(7, _POLICIES), _KEY)


def _forge(header: Any, payload: Any, key: SigningKey = _KEY) -> bytes:  # noqa: ANN401 - JSON or bytes
    parts = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, payload))
    signing_input = b".".join(map(base64url.encode, parts))
    return signing_input + b"." + base64url.encode(key.private.sign(signing_input))


_HEADER = {"alg": "EdDSA", "kid": "signer", "typ": TYPE}


@given(
    st.integers(1, 2**53 - 1),
    st.none() | st.integers(1_750_000_001, 2**53 - 1),
    st.lists(st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53))),
)
def test_round_trip(version: int, expires_at: int | None, policies: list[Json]) -> None:
    """What was signed comes out as it was."""
    found = read_bundle(sign(content(version, {"policies": policies}, expires_at=expires_at), _KEY), _BELIEVED)
    assert (found.name, found.version, found.expires_at, found.key_id) == ("orders", version, expires_at, "signer")
    assert found.policies == {"policies": policies}


def test_an_independent_library_agrees() -> None:
    """PyJWT takes the signature, and what it signs is taken here."""
    claims = jwt.decode(_COMPACT, _KEY.private.public_key(), algorithms=["EdDSA"], options={"verify_signature": True})
    assert claims == content(7, _POLICIES)
    theirs = jwt.encode(content(8, _POLICIES), _KEY.private, "EdDSA", {"kid": "signer", "typ": TYPE}).encode()
    assert read_bundle(theirs, _BELIEVED).version == 8


@given(st.integers(0, len(_COMPACT) - 1), st.integers(1, 255))
def test_every_byte_counts(place: int, difference: int) -> None:
    """Whatever is changed of one, it is none any more."""
    changed = bytearray(_COMPACT)
    changed[place] ^= difference
    with pytest.raises(BundleError):
        read_bundle(bytes(changed), _BELIEVED)


@given(st.binary(max_size=200) | st.text(".eyAaBb_-09", max_size=200).map(str.encode))
def test_what_is_no_bundle(data: bytes) -> None:
    """Any bytes are refused, without another error."""
    with pytest.raises(BundleError):
        read_bundle(data, _BELIEVED)


@pytest.mark.parametrize("cut", [1, 10, 86, 100, len(_COMPACT) - 1])
def test_truncated(cut: int) -> None:
    """A part is none."""
    with pytest.raises(BundleError):
        read_bundle(_COMPACT[:-cut], _BELIEVED)


@pytest.mark.parametrize("more", [b"\n", b" ", b".", b".e30", b"\0"])
def test_more(more: bytes) -> None:
    """And one with something behind, or before, is none: what another reader would make of it nobody knows."""
    for data in (_COMPACT + more, more + _COMPACT):
        with pytest.raises(BundleError):
            read_bundle(data, _BELIEVED)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"alg": "none"}, "algorithm_not_allowed"),
        ({"alg": "HS256"}, "bad_signature"),
        ({"alg": "ES256"}, "another algorithm than EdDSA"),
        ({"typ": "JWT"}, "another type"),
        ({"typ": None}, "typ is not a string"),
        ({"typ": "revocations+jws"}, "another type"),
        ({"kid": "other"}, "none of those that are believed"),
        ({"kid": 1}, "kid is not a short string"),
        ({"crit": ["exp"]}, "critical_header"),
        ({"b64": False}, "critical_header"),
        ({"zip": "DEF"}, "enc or zip"),
    ],
)
def test_headers(header: dict[str, Any], message: str) -> None:
    """Only what is signed as a bundle, with Ed25519, by a key that is named, is one."""
    with pytest.raises(BundleError, match=message):
        read_bundle(_forge(_HEADER | header, content(7, _POLICIES)), _BELIEVED)


def test_without_a_key_s_name() -> None:
    """Even where there is one key only."""
    header = {name: value for name, value in _HEADER.items() if name != "kid"}
    with pytest.raises(BundleError, match="names no key"):
        read_bundle(_forge(header, content(7, _POLICIES)), _BELIEVED)


def test_keys_that_it_brings_along() -> None:
    """Are not looked at."""
    header = _HEADER | {"jwk": _OTHER.public_jwk(), "jku": "https://evil.example"}
    with pytest.raises(BundleError, match="signature"):
        read_bundle(_forge(header, content(7, _POLICIES), _OTHER), _BELIEVED)


def test_mixed_parts() -> None:
    """Neither header, payload nor signature of one bundle goes with those of another, be it of the same key."""
    one, two = (_forge(_HEADER, content(n, _POLICIES)).split(b".") for n in (1, 2))
    foreign = _forge(_HEADER | {"x": 1}, content(2, _POLICIES)).split(b".")
    for parts in ((one[0], two[1], one[2]), (one[0], two[1], foreign[2]), (foreign[0], two[1], two[2])):
        with pytest.raises(BundleError, match="signature"):
            read_bundle(b".".join(parts), _BELIEVED)


def test_json_serialisations() -> None:
    """A JWS in one of JSON's forms (RFC 7515, section 7.2) is none: its members could be read in more than one way."""
    header, payload, signature = (part.decode() for part in _COMPACT.split(b"."))
    flat = {"protected": header, "payload": payload, "signature": signature}
    whole = {"payload": payload, "signatures": [{"protected": header, "signature": signature}]}
    for form in (flat, whole):
        with pytest.raises(BundleError):
            read_bundle(json.dumps(form).encode(), _BELIEVED)


def test_what_else_such_a_key_signs() -> None:
    """A message of the revocation feed is no bundle."""
    with pytest.raises(BundleError, match="another type"):
        read_bundle(sign_revocations([], _KEY), _BELIEVED)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"[]", "no JSON object"),
        (b"{}", "has the members"),
        (b'{"bundle":"orders","version":1,"version":2,"issued_at":1,"policies":{}}', "given twice"),
        (b'{"bundle":"orders","version":1,"issued_at":1,"policies":{"policies":[],"policies":[]}}', "given twice"),
        (b'\xef\xbb\xbf{"bundle":"orders","version":1,"issued_at":1,"policies":{}}', "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b'{"bundle":"orders","version":1,"issued_at":1,"policies":' + b'{"a":' * 20 + b"1" + b"}" * 21, "nested"),
        (content(0, {}), "version"),
        (content(-1, {}), "version"),
        (content(2**53, {}), "version"),
        (content(1, {}, version=1.0), "version"),
        (content(1, {}, version=True), "version"),
        (content(1, {}, version="1"), "version"),
        (content(1, {}, issued_at=0), "issued_at"),
        (content(1, {}, expires_at=1_750_000_000), "expires before"),
        (content(1, {}, expires_at=1e300), "expires_at"),
        (content(1, {}, bundle=""), "name"),
        (content(1, {}, bundle="a\n"), "name"),
        (content(1, {}, bundle="a b"), "name"),
        (content(1, {}, bundle="a" * 129), "name"),
        (content(1, {}, bundle=["orders"]), "name"),
        (content(1, []), "policies"),
        (content(1, "policies: []"), "policies"),
        (content(1, {}, min_version=1), "has the members"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_payloads(payload: Any, message: str) -> None:  # noqa: ANN401 - JSON or bytes
    """What is signed is still to be a bundle, in the one form that there is; and nothing else is ever made."""
    with pytest.raises(BundleError, match=message):
        read_bundle(_forge(_HEADER, payload), _BELIEVED)
    if isinstance(payload, dict):
        with pytest.raises(BundleError, match=message):
            sign(payload, _KEY)


def test_size() -> None:
    """One that is larger than is taken is not looked at."""
    with pytest.raises(BundleError, match="token_too_large"):
        read_bundle(_COMPACT, _BELIEVED, len(_COMPACT) - 1)
    assert read_bundle(_COMPACT, _BELIEVED, len(_COMPACT)).version == 7


def test_two_keys() -> None:
    """During a rotation either signs; a bundle that is signed anew is the same."""
    both = _keys(_KEY, _OTHER)
    again = sign(content(7, _POLICIES), _OTHER)
    assert read_bundle(again, both).digest == read_bundle(_COMPACT, both).digest
    assert read_bundle(again, both).key_id == "other"


def test_unverified() -> None:
    """What is only looked at is read whoever signed it."""
    assert read_unverified(sign(content(7, _POLICIES), _OTHER)).version == 7


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a"},
        {**_KEY.public_jwk(), "kid": None},
        _KEY.private_jwk(),
        {name: value for name, value in _KEY.public_jwk().items() if name != "kid"},
        {**_KEY.public_jwk(), "x": base64url.encode(bytes(32)).decode()},
    ],
)
def test_keys_that_are_not_believed(jwk: dict[str, Any]) -> None:
    """One key that will not do is an error, and no key that is left out: who signs is to be known exactly."""
    document = json.dumps({"keys": [jwk, _OTHER.public_jwk()]}).encode()
    with pytest.raises(ValueError, match="the public keys"):
        signers_of(document)
