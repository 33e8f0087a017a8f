"""Key pairs of every algorithm, made once a process: generating RSA keys is the slowest thing in these tests."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.keys.jwk import verification_key

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CURVES: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.ES256: ec.SECP256R1(),
    Algorithm.ES384: ec.SECP384R1(),
    Algorithm.ES512: ec.SECP521R1(),
}


@dataclass(frozen=True)
class Pair:
    """A private key with its public half as a JWK and as the core's value. ``algorithm`` is what ``sign`` uses."""

    algorithm: Algorithm
    key_id: str
    private: PrivateKey
    jwk: dict[str, Any]
    public: VerificationKey

    def sign(self, message: bytes) -> bytes:
        """Sign as JWS does: ECDSA as r and s side by side."""
        return bytes(jwt.get_algorithm_by_name(self.algorithm.value).sign(message, self.private))


@cache
def pair(algorithm: Algorithm = Algorithm.EDDSA, key_id: str = "key-1", owner: str = "issuer") -> Pair:
    """Return the key pair of ``owner``, the same one whenever it is asked for in one process."""
    private = _private(_kind(algorithm), owner)
    jwk = dict(jwt.get_algorithm_by_name(algorithm.value).to_jwk(private.public_key(), as_dict=True))
    jwk |= {"kid": key_id, "alg": algorithm.value, "use": "sig"}
    return Pair(algorithm, key_id, private, jwk, verification_key(jwk))


def _kind(algorithm: Algorithm) -> str:
    return "RSA" if algorithm[:2] in {"RS", "PS"} else algorithm.value


@cache
def _private(kind: str, owner: str) -> PrivateKey:
    assert owner
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if kind == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(_CURVES[Algorithm(kind)])
