"""Private signing keys: Ed25519 JWKs (RFC 8037, section 2), made and read."""

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sidecar.core import base64url
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.jwk import JwkError, thumbprint

_SEED_BYTES = 32  # RFC 8032, section 5.1.5


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 private key and the id that its tokens name."""

    key_id: str
    private: Ed25519PrivateKey = field(repr=False)

    def public_jwk(self) -> dict[str, Json]:
        """Return the public JWK, as it stands in a key set."""
        return {**_public_members(self.private), "kid": self.key_id, "alg": "EdDSA", "use": "sig"}

    def private_jwk(self) -> dict[str, Json]:
        """Return the private JWK. Whoever has it can sign."""
        seed = base64url.encode(self.private.private_bytes_raw()).decode("ascii")
        return {**_public_members(self.private), "kid": self.key_id, "alg": "EdDSA", "d": seed}


def generate(key_id: str | None = None) -> SigningKey:
    """Make a new key. Without ``key_id`` its thumbprint (RFC 7638, base64url) is the id: never the same twice."""
    private = Ed25519PrivateKey.generate()
    return SigningKey(key_id or _thumbprint_id(private), private)


def read_signing_key(document: bytes) -> SigningKey:
    """Read a private Ed25519 JWK; raises ``JwkError``."""
    try:
        jwk = loads_object(document)
    except JsonError as error:
        raise JwkError(f"not a JSON object: {error}") from None
    if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
        raise JwkError("not an Ed25519 key (kty OKP, crv Ed25519)")
    private = _read_seed(jwk.get("d"))
    if jwk.get("x") != _public_members(private)["x"]:
        raise JwkError("x is not the public key that belongs to d")
    key_id = jwk.get("kid", _thumbprint_id(private))
    if not isinstance(key_id, str) or not key_id:
        raise JwkError("kid is not a string with content")
    return SigningKey(key_id, private)


def key_set_document(keys: list[SigningKey]) -> str:
    """Return a JWK Set (RFC 7517, section 5) of the public halves of ``keys``, as indented JSON."""
    return json.dumps({"keys": [key.public_jwk() for key in keys]}, indent=2) + "\n"


def _read_seed(value: Json) -> Ed25519PrivateKey:
    if not isinstance(value, str):
        raise JwkError("d is missing: this is no private key")
    try:
        seed = base64url.decode(value.encode())
    except base64url.Base64UrlError:
        raise JwkError("d is not base64url") from None
    if len(seed) != _SEED_BYTES:
        raise JwkError(f"d must be {_SEED_BYTES} bytes")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_members(private: Ed25519PrivateKey) -> dict[str, Json]:
    point = base64url.encode(private.public_key().public_bytes_raw()).decode("ascii")
    return {"kty": "OKP", "crv": "Ed25519", "x": point}


def _thumbprint_id(private: Ed25519PrivateKey) -> str:
    return base64url.encode(thumbprint(_public_members(private))).decode("ascii")
