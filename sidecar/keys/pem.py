"""Public keys in PEM (RFC 7468) as a JWK Set: what a file that is no JWK Set is turned into where it is read."""

import json
import re
from base64 import b64encode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from sidecar.core import base64url
from sidecar.keys.jwk import JwkError, thumbprint

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----[^-]*-----END \1-----")
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def jwks_of_pem(data: bytes, key_id: str | None) -> bytes:
    """Return the JWK Set of the public keys and certificates in ``data``; raises ``JwkError``.

    ``key_id`` is for the one key there is then; without it each has its thumbprint (RFC 7638, base64url). Nothing of a
    certificate counts but its key: neither its dates nor who signed it. It comes along for its dates to be told.
    """
    blocks = _blocks(data)
    if key_id is not None and len(blocks) > 1:
        raise JwkError(f"has {len(blocks)} keys, and 'key_id' can name only one; write a JWK Set instead")
    return json.dumps({"keys": [_jwk(block, key_id) for block in blocks]}).encode()


def _blocks(data: bytes) -> list[bytes]:
    if b"PRIVATE KEY-----" in data:
        raise JwkError("has a private key: give the public one alone; whoever can read this file can sign tokens")
    blocks = [match[0] for match in _BLOCK.finditer(data)]
    if not blocks or len(blocks) != data.count(b"-----BEGIN "):
        raise JwkError("is not PEM: it takes whole blocks from -----BEGIN to -----END")
    return blocks


def _jwk(block: bytes, key_id: str | None) -> dict[str, object]:
    key, certificate = _load(block)
    members = _members(key)
    names = {"kid": key_id or base64url.encode(thumbprint(members)).decode("ascii"), "use": "sig"}
    # RFC 7517, section 4.7: base64, not base64url.
    chain = [] if certificate is None else [b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")]
    return {**members, **names, **({"x5c": chain} if chain else {})}


def _load(block: bytes) -> tuple[object, x509.Certificate | None]:
    try:
        if block.startswith(b"-----BEGIN CERTIFICATE-----"):
            certificate = x509.load_pem_x509_certificate(block)
            return certificate.public_key(), certificate
        return load_pem_public_key(block), None
    except Exception as error:  # noqa: BLE001 - cryptography raises several kinds for what is no key
        raise JwkError(f"has a PEM block that is no public key: {type(error).__name__}") from None


def _members(key: object) -> dict[str, str]:
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _text(key.public_bytes_raw())}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        numbers, size = key.public_numbers(), (key.curve.key_size + 7) // 8
        x, y = (_text(number.to_bytes(size, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": _CURVES[key.curve.name], "x": x, "y": y}
    if isinstance(key, rsa.RSAPublicKey):
        return {"kty": "RSA", "n": _number(key.public_numbers().n), "e": _number(key.public_numbers().e)}
    raise JwkError("has a key that is neither Ed25519, nor on P-256, P-384 or P-521, nor RSA")


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(data: bytes) -> str:
    return base64url.encode(data).decode("ascii")
