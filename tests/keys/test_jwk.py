"""JSON Web Keys: public ones that are good for signatures, or a reason why not."""

import contextlib
import hashlib
import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.keys.jwk import JwkError, thumbprint, verification_key
from support.keypairs import pair
from support.tokens import part

_RSA = frozenset(algorithm for algorithm in ASYMMETRIC if algorithm[:2] in {"RS", "PS"})
_KINDS = {"OKP": Algorithm.EDDSA, "EC": Algorithm.ES256, "RSA": Algorithm.RS256}


def _jwk(algorithm: Algorithm = Algorithm.EDDSA, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    members = pair(algorithm).jwk | changes
    return {name: value for name, value in members.items() if value is not ...}


def _number(value: int) -> str:
    return part(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_every_algorithm(algorithm: Algorithm) -> None:
    """A key that names its algorithm admits that one alone."""
    key = verification_key(_jwk(algorithm))
    assert (key.key_id, key.algorithms) == ("key-1", frozenset({algorithm}))


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_without_algorithm(algorithm: Algorithm) -> None:
    """A key that names none admits what its type and curve do: all six for RSA, else one."""
    expected = _RSA if algorithm in _RSA else {algorithm}
    assert verification_key(_jwk(algorithm, alg=...)).algorithms == expected


def test_without_key_id() -> None:
    """A key id is optional, and so are ``use`` and ``key_ops``."""
    assert verification_key(_jwk(kid=..., use=...)).key_id is None


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize(
    "changes",
    [
        {"kty": ...},
        {"kty": "oct"},
        {"kty": "okp"},
        {"kty": None},
        {"kty": ["OKP"]},
        {"use": "enc"},
        {"use": ""},
        {"use": None},
        {"use": ["sig"]},
        {"key_ops": ["sign"]},
        {"key_ops": ["verify", "sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": None},
        {"kid": ""},
        {"kid": 1},
        {"kid": None},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": ""},
        {"alg": None},
        {"alg": ["EdDSA"]},
        {"alg": "RSA-OAEP"},
    ],
    ids=repr,
)
def test_refused(kind: str, changes: dict[str, Any]) -> None:
    """A key of another type or use, or with a member of the wrong form, is refused."""
    with pytest.raises(JwkError):
        verification_key(_jwk(_KINDS[kind], **changes))


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("value", ["AQAB", None, ""])
def test_private(kind: str, member: str, value: str | None) -> None:
    """A key with a private member is refused, whatever is in it, and its secret does not appear in the reason."""
    with pytest.raises(JwkError, match="leaked") as refused:
        verification_key(_jwk(_KINDS[kind], **{member: value}))
    assert not value or value not in str(refused.value)


@pytest.mark.parametrize(("kind", "member"), [("OKP", "x"), ("EC", "x"), ("EC", "y"), ("RSA", "n"), ("RSA", "e")])
@pytest.mark.parametrize("change", ["", "=", "+", " ", "é", "\n", "...", None, 1])
def test_numbers_are_base64url(kind: str, member: str, change: object) -> None:
    """A key's numbers are strings in base64url: without padding, white space or anything else."""
    algorithm = _KINDS[kind]
    value = pair(algorithm).jwk[member]
    bad = value + change if isinstance(change, str) and change else change
    with pytest.raises(JwkError):
        verification_key(_jwk(algorithm, **{member: bad}))


@pytest.mark.parametrize(("kind", "other"), [("OKP", "ES256"), ("EC", "ES384"), ("EC", "EdDSA"), ("RSA", "ES256")])
def test_algorithm_of_another_kind(kind: str, other: str) -> None:
    """An ``alg`` that does not go with the key's type and curve is refused."""
    with pytest.raises(JwkError, match="does not go with"):
        verification_key(_jwk(_KINDS[kind], alg=other))


@pytest.mark.parametrize("curve", ["Ed448", "X25519", "P-256", "ed25519", "", None])
def test_other_curves_for_okp(curve: str | None) -> None:
    """Of the OKP curves only Ed25519 is taken."""
    with pytest.raises(JwkError):
        verification_key(_jwk(crv=curve))


@pytest.mark.parametrize("curve", ["P-384", "P-521", "secp256k1", "Ed25519", "p-256", "", None])
def test_other_curves_for_ec(curve: str | None) -> None:
    """A point is refused under any curve but its own."""
    with pytest.raises(JwkError):
        verification_key(_jwk(Algorithm.ES256, alg=..., crv=curve))


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.ES384, Algorithm.ES512])
def test_points_of_ec(algorithm: Algorithm) -> None:
    """A point that is not on the curve, too short, too long or zero is refused."""
    good = pair(algorithm).jwk
    size = {"ES256": 32, "ES384": 48, "ES512": 66}[algorithm]
    zero, long = part(bytes(size)).decode(), part(bytes(size + 1)).decode()
    for x, y in [(good["y"], good["x"]), (zero, zero), (long, good["y"]), (good["x"], part(bytes(size - 1)).decode())]:
        with pytest.raises(JwkError):
            verification_key(_jwk(algorithm, x=x, y=y))


_P = 2**255 - 19
#: Encodings of the points of small order, canonical or not (RFC 8032, section 5.1.2).
_LOW_ORDER = [
    *(number.to_bytes(32, "little") for number in (0, 1, _P - 1, _P, _P + 1)),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("0000000000000000000000000000000000000000000000000000000000000080"),
    bytes.fromhex("0100000000000000000000000000000000000000000000000000000000000080"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    bytes.fromhex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
]


@pytest.mark.parametrize("point", [*_LOW_ORDER, b"", bytes(31), bytes(33), (2).to_bytes(32, "little")], ids=bytes.hex)
def test_points_of_ed25519(point: bytes) -> None:
    """A point of low order, in a second spelling, off the curve or of another length is refused."""
    with pytest.raises(JwkError):
        verification_key(_jwk(x=part(point).decode()))


@pytest.mark.parametrize("bits", [2, 1024, 2047, 16385])
def test_rsa_sizes(bits: int) -> None:
    """A modulus of less than 2048 or more than 16384 bits is refused."""
    with pytest.raises(JwkError):
        verification_key(_jwk(Algorithm.RS256, n=_number(2 ** (bits - 1) + 1)))


@pytest.mark.parametrize("exponent", [0, 1, 2, 4, 65536, 2**32 + 1, 2**64 + 1])
def test_rsa_exponents(exponent: int) -> None:
    """An exponent that is even, one, or of more than 32 bits is refused."""
    with pytest.raises(JwkError):
        verification_key(_jwk(Algorithm.RS256, e=part(exponent.to_bytes(9, "big").lstrip(b"\0") or b"\0").decode()))


def test_rsa_even_modulus() -> None:
    """An even modulus is no RSA key: anybody could factor it."""
    with pytest.raises(JwkError):
        verification_key(_jwk(Algorithm.RS256, n=_number(2**2047 + 2)))


@pytest.mark.parametrize("member", ["n", "e"])
def test_rsa_leading_zeros(member: str) -> None:
    """A number with a leading zero octet is refused (RFC 7518, section 2): one key must have one thumbprint."""
    raw = pair(Algorithm.RS256).jwk[member].encode()
    from_zero = part(b"\0" + _decode(raw)).decode()
    with pytest.raises(JwkError):
        verification_key(_jwk(Algorithm.RS256, **{member: from_zero}))


def test_thumbprint_of_the_rfc() -> None:
    """The thumbprint of RFC 8037's key is the one in its appendix A.3."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert part(thumbprint(jwk)).decode() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("algorithm", [Algorithm.EDDSA, Algorithm.ES384, Algorithm.RS256])
def test_thumbprint_is_of_the_required_members(algorithm: Algorithm) -> None:
    """Members that are not part of the key do not change its thumbprint (RFC 7638, section 3.2)."""
    jwk = pair(algorithm).jwk
    required = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    expected = hashlib.sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest()
    assert thumbprint(jwk) == thumbprint(jwk | {"kid": "other", "x5t": "1"}) == expected


_JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


_MEMBERS = st.sampled_from([*"xyne", "kty", "crv", "alg", "use", "kid"])


@given(st.sampled_from(sorted(_KINDS)), st.dictionaries(_MEMBERS, _JSON))
def test_never_another_exception(kind: str, changes: dict[str, Any]) -> None:
    """Any JWK gives a key or a ``JwkError``."""
    with contextlib.suppress(JwkError):
        assert verification_key(pair(_KINDS[kind]).jwk | changes).algorithms


def _decode(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
