"""Private JSON Web Keys (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).

No error names the value of a private member, nor does the chain of exceptions before it carry one.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sidecar.core import base64url
from sidecar.core.strict_json import Json
from sidecar.keys.jwk import JwkError
from sidecar.tokens.minting_key import MintingKey, Private, minting_key

_CURVES: Mapping[str, Callable[[], ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}
_RSA_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")
_PUBLIC = ("n", "e", "x", "y")


def read_private_jwk(jwk: Mapping[str, Json], key_id: str | None, algorithm: str | None) -> MintingKey:
    """Read one; raises ``JwkError``. ``key_id`` and ``algorithm`` stand in for members that it does not have."""
    _check_use(jwk)
    readers = {"OKP": _read_okp, "EC": _read_ec, "RSA": _read_rsa}
    key_type = jwk.get("kty")
    if key_type not in readers:
        raise JwkError(f"kty {key_type!r} is not supported; allowed: {', '.join(readers)}")
    if not isinstance(jwk.get("d"), str):
        raise JwkError("d is missing: this is no private key")
    private = readers[str(key_type)](jwk)
    key = minting_key(private, _chosen(jwk, "kid", key_id), _chosen(jwk, "alg", algorithm))
    if any(jwk.get(name) != key.public.jwk.get(name) for name in _PUBLIC):
        raise JwkError("its public members do not belong to its private ones")
    return key


def _check_use(jwk: Mapping[str, Json]) -> None:
    if jwk.get("use", "sig") != "sig":
        raise JwkError("use is not 'sig'")
    operations = jwk.get("key_ops", ["sign"])
    if not isinstance(operations, list) or "sign" not in operations:
        raise JwkError("key_ops has no 'sign'")


def _chosen(jwk: Mapping[str, Json], name: str, configured: str | None) -> str | None:
    """Return the member, or what is configured; both must agree where there are both."""
    found = jwk.get(name, configured)
    if found is not None and (not isinstance(found, str) or not found):
        raise JwkError(f"{name} is not a string with content")
    if configured is not None and found != configured:
        raise JwkError(f"{name} is {found!r}, and {configured!r} is configured")
    return found


def _read_okp(jwk: Mapping[str, Json]) -> Private:
    if jwk.get("crv") != "Ed25519":
        raise JwkError(f"crv {jwk.get('crv')!r} is not supported; allowed: Ed25519")
    seed = _bytes(jwk, "d")
    if len(seed) != 32:  # noqa: PLR2004 - RFC 8032, section 5.1.5
        raise JwkError("d must be 32 bytes")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _read_ec(jwk: Mapping[str, Json]) -> Private:
    name = jwk.get("crv")
    if name not in _CURVES:
        raise JwkError(f"crv {name!r} is not supported; allowed: {', '.join(_CURVES)}")
    curve = _CURVES[str(name)]()
    place = ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), curve)
    return _made(ec.EllipticCurvePrivateNumbers(_number(jwk, "d"), place).private_key)


def _read_rsa(jwk: Mapping[str, Json]) -> Private:
    missing = [name for name in _RSA_PRIVATE if name not in jwk]
    if missing or "oth" in jwk:
        wrong = "has more than two primes (oth)" if "oth" in jwk else f"has no {missing[0]}"
        raise JwkError(f"{wrong}; an RSA key needs {', '.join(_RSA_PRIVATE)} (RFC 7518, section 6.3.2)")
    d, p, q, dp, dq, qi = (_number(jwk, name) for name in _RSA_PRIVATE)
    public = rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n"))
    return _made(rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key)


def _made(make: Callable[[], Private]) -> Private:
    """Have OpenSSL make the key. What it says of a bad one is not passed on, and neither is what was tried."""
    made: Private | None
    try:
        made = make()
    except ValueError:
        made = None
    if made is None:
        raise JwkError("its members are not those of one key")
    return made


def _number(jwk: Mapping[str, Json], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name), "big")


def _bytes(jwk: Mapping[str, Json], name: str) -> bytes:
    value, decoded = jwk.get(name), None
    # Not raised from the except block: the error must not carry the value along as its context.
    with suppress(base64url.Base64UrlError, UnicodeEncodeError):
        decoded = base64url.decode(value.encode("ascii")) if isinstance(value, str) else None
    if decoded is None:
        raise JwkError(f"{name} is not base64url")
    return decoded
