"""JSON Web Keys (RFC 7517; RFC 7518, section 6; RFC 8037) to the public keys the core knows.

What cannot be used is refused key by key, with the reason.
"""

import hashlib
import json
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import crypto_core_ed25519_is_valid_point

from sidecar.core import base64url
from sidecar.core.algorithm import BY_NAME, Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.core.strict_json import Json

MIN_RSA_BITS = 2048  #: RFC 7518, sections 3.3 and 3.5
MAX_RSA_BITS = 16384  #: what OpenSSL verifies; beyond it a key is only good for slowing somebody down

_RSA = (Algorithm.RS256, Algorithm.RS384, Algorithm.RS512, Algorithm.PS256, Algorithm.PS384, Algorithm.PS512)
_CURVES: Mapping[str, tuple[Callable[[], ec.EllipticCurve], Algorithm]] = {
    "P-256": (ec.SECP256R1, Algorithm.ES256),
    "P-384": (ec.SECP384R1, Algorithm.ES384),
    "P-521": (ec.SECP521R1, Algorithm.ES512),
}
#: The members each key type is made of: required for the key and, in this order, hashed for its thumbprint (RFC 7638).
_REQUIRED = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
#: Private and symmetric members (RFC 7518, section 6). A key set that has them gave its secret away.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")

Jwk = Mapping[str, Json]


class JwkError(ValueError):
    """A JWK that cannot be used to verify signatures. The text says why."""


def verification_key(jwk: Jwk) -> VerificationKey:
    """Read one public JWK; raises ``JwkError``."""
    key_type = _string(jwk, "kty")
    if key_type not in _REQUIRED:
        raise JwkError(f"kty {key_type!r} is not supported; allowed: {', '.join(_REQUIRED)}")
    private = [name for name in _PRIVATE if name in jwk]
    if private:
        raise JwkError(f"has the private member {private[0]!r}: a key set must be public; treat that key as leaked")
    _check_use(jwk)
    readers = {"OKP": _read_okp, "EC": _read_ec, "RSA": _read_rsa}
    material, algorithms = readers[key_type](jwk)
    return VerificationKey(_key_id(jwk), _pin(jwk, algorithms), material, thumbprint(jwk))


def thumbprint(jwk: Jwk) -> bytes:
    """Return the SHA-256 thumbprint (RFC 7638, section 3), 32 bytes; raises ``JwkError`` where a member is missing."""
    members = {name: _string(jwk, name) for name in _REQUIRED[_string(jwk, "kty")]}
    return hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()


def _check_use(jwk: Jwk) -> None:
    if jwk.get("use", "sig") != "sig":
        raise JwkError("use is not 'sig'")
    if "key_ops" in jwk and jwk["key_ops"] != ["verify"]:
        raise JwkError("key_ops is not ['verify']")


def _key_id(jwk: Jwk) -> str | None:
    return _string(jwk, "kid") if "kid" in jwk else None


def _pin(jwk: Jwk, algorithms: frozenset[Algorithm]) -> frozenset[Algorithm]:
    """Narrow what the key's type admits to the ``alg`` it names, if it names one (RFC 8725, section 3.1)."""
    if "alg" not in jwk:
        return algorithms
    name = _string(jwk, "alg")
    algorithm = BY_NAME.get(name)
    if algorithm not in algorithms:
        allowed = ", ".join(sorted(algorithms))
        raise JwkError(f"alg {name!r} does not go with this kind of key; allowed: {allowed}")
    return frozenset({algorithm})


def _read_okp(jwk: Jwk) -> tuple[bytes, frozenset[Algorithm]]:
    curve = _string(jwk, "crv")
    if curve != "Ed25519":
        raise JwkError(f"crv {curve!r} is not supported; allowed: Ed25519")
    point = _bytes(jwk, "x")
    if len(point) != 32 or not crypto_core_ed25519_is_valid_point(point):  # noqa: PLR2004 - RFC 8032, section 5.1.2
        # Under a low-order key one signature is good for many messages.
        raise JwkError("x is not a canonical point of the main subgroup of Ed25519")
    return point, frozenset({Algorithm.EDDSA})


def _read_ec(jwk: Jwk) -> tuple[bytes, frozenset[Algorithm]]:
    name = _string(jwk, "crv")
    if name not in _CURVES:
        raise JwkError(f"crv {name!r} is not supported; allowed: {', '.join(_CURVES)}")
    curve, algorithm = _CURVES[name]
    size = (curve().key_size + 7) // 8
    x, y = _bytes(jwk, "x"), _bytes(jwk, "y")
    if len(x) != size or len(y) != size:
        raise JwkError(f"x and y must be {size} bytes each on {name}")  # RFC 7518, section 6.2.1.2
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve())
    try:
        key = numbers.public_key()
    except ValueError:
        raise JwkError(f"x and y are not a point of {name}") from None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), frozenset({algorithm})


def _read_rsa(jwk: Jwk) -> tuple[bytes, frozenset[Algorithm]]:
    modulus, exponent = _number(jwk, "n"), _number(jwk, "e")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise JwkError(f"n has {modulus.bit_length()} bits; allowed: {MIN_RSA_BITS} to {MAX_RSA_BITS}")
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 32:  # noqa: PLR2004 - with e = 1 anybody can sign
        raise JwkError("e must be odd, at least 3 and at most 32 bits")
    if modulus % 2 == 0:
        raise JwkError("n is even: anybody could factor it")
    try:
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as error:
        raise JwkError(f"n and e are not an RSA key: {error}") from None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), frozenset(_RSA)


def _number(jwk: Jwk, name: str) -> int:
    """Read a Base64urlUInt (RFC 7518, section 2): no leading zero octet, so that a key has one thumbprint."""
    octets = _bytes(jwk, name)
    if octets[:1] == b"\0":
        raise JwkError(f"{name} has a leading zero octet")
    return int.from_bytes(octets, "big")


def _string(jwk: Jwk, name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str) or not value:
        raise JwkError(f"{name} is not a string" if name in jwk else f"{name} is missing")
    return value


def _bytes(jwk: Jwk, name: str) -> bytes:
    try:
        return base64url.decode(_string(jwk, name).encode("ascii"))
    except (base64url.Base64UrlError, UnicodeEncodeError):
        raise JwkError(f"{name} is not base64url") from None
