"""Private keys that sign tokens: Ed25519 (RFC 8037, section 3.1), ECDSA and RSA (RFC 7518, sections 3.3 to 3.5).

By OpenSSL (cryptography). In the processes of a sidecar only minting workers make these values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from sidecar.core import base64url
from sidecar.core.algorithm import Algorithm
from sidecar.core.strict_json import Json
from sidecar.keys.jwk import JwkError, thumbprint
from sidecar.tokens.public import PublicKey, PublicKeys, public_key

#: What can sign, as cryptography has it. Its ``repr`` shows nothing of it.
Private: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

#: Characters.
MAX_KEY_ID = 256
_HASHES: Mapping[str, HashAlgorithm] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
#: OpenSSL's name of a curve, to JWK's and to its algorithm.
_CURVES = {
    "secp256r1": ("P-256", Algorithm.ES256),
    "secp384r1": ("P-384", Algorithm.ES384),
    "secp521r1": ("P-521", Algorithm.ES512),
}


@dataclass(frozen=True, slots=True)
class MintingKey:
    """A private key and its public half. Whoever has it can sign."""

    public: PublicKey
    _private: Private = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """Return the signature that a JWS carries: for ECDSA r and s side by side."""
        private, algorithm = self._private, self.public.algorithm
        if isinstance(private, Ed25519PrivateKey):
            return private.sign(message)
        digest = _HASHES[algorithm[-3:]]
        if isinstance(private, rsa.RSAPrivateKey):
            return private.sign(message, _scheme(algorithm, digest), digest)
        half = (private.key_size + 7) // 8
        r, s = decode_dss_signature(private.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")


class MintingKeys:
    """The keys of one worker, the current one first. Raises ``ValueError`` as ``PublicKeys`` does."""

    def __init__(self, *keys: MintingKey) -> None:
        self.public = PublicKeys(tuple(key.public for key in keys))
        self.current = keys[0]
        self._keys = {(key.public.algorithm, key.public.thumbprint): key for key in keys}

    def find(self, algorithm: Algorithm, key_thumbprint: bytes) -> MintingKey | None:
        """Return the key of exactly this algorithm and thumbprint."""
        return self._keys.get((algorithm, key_thumbprint))

    def __iter__(self) -> Iterator[MintingKey]:
        """Give all of them."""
        return iter(self._keys.values())


def minting_key(private: Private, key_id: str | None = None, algorithm: str | None = None) -> MintingKey:
    """Make a key; raises ``JwkError`` for a curve, size or algorithm that is not allowed.

    Its id is its thumbprint (RFC 7638, base64url) by default, its algorithm that of its curve, or RS256.
    """
    members, usual = _public_members(private)
    if len(key_id or "") > MAX_KEY_ID:
        raise JwkError(f"kid is longer than {MAX_KEY_ID} characters: every token carries it")
    key_id = key_id or base64url.encode(thumbprint(members)).decode("ascii")
    return MintingKey(public_key({**members, "kid": key_id, "alg": algorithm or usual, "use": "sig"}), private)


def _scheme(algorithm: Algorithm, digest: HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.startswith("PS"):  # RFC 7518, section 3.5: MGF1 with the same hash, and a salt as long as the hash
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    return padding.PKCS1v15()


def _public_members(private: Private) -> tuple[dict[str, Json], Algorithm]:
    """Return what the public JWK is made of, and the algorithm that is usual for such a key."""
    if isinstance(private, Ed25519PrivateKey):
        point = private.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": _text(point)}, Algorithm.EDDSA
    if isinstance(private, rsa.RSAPrivateKey):
        key = private.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(key.n), "e": _number(key.e)}, Algorithm.RS256
    if private.curve.name not in _CURVES:
        raise JwkError(f"curve {private.curve.name} is not supported")
    (curve, algorithm), size = _CURVES[private.curve.name], (private.key_size + 7) // 8
    place = private.public_key().public_numbers()
    x, y = (_text(number.to_bytes(size, "big")) for number in (place.x, place.y))
    return {"kty": "EC", "crv": curve, "x": x, "y": y}, algorithm


def _number(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _text(octets: bytes) -> str:
    return base64url.encode(octets).decode("ascii")
