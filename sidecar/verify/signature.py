"""Is this signature good? Ed25519 by libsodium (PyNaCl), RSA and ECDSA by OpenSSL (cryptography), HMAC by ``hmac``.

libsodium verifies Ed25519 in 37 µs where OpenSSL takes 61, and is the stricter one: it refuses non-canonical S (RFC
8032, section 5.1.7), and non-canonical or low-order R and public keys. Keys that merely have a part of low order it
takes: those are refused when a key set is read (``sidecar.keys.jwk``).
"""

import hmac
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from nacl.bindings import crypto_sign_BYTES, crypto_sign_open, crypto_sign_PUBLICKEYBYTES
from nacl.exceptions import BadSignatureError

from sidecar.core.algorithm import SYMMETRIC, Algorithm
from sidecar.core.keys import VerificationKey

_HASHES: dict[str, HashAlgorithm] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
#: ES512 is ECDSA on P-521: the names of the curves do not follow from those of the algorithms (RFC 7518, section 3.4).
_CURVES: dict[Algorithm, type[ec.EllipticCurve]] = {
    Algorithm.ES256: ec.SECP256R1,
    Algorithm.ES384: ec.SECP384R1,
    Algorithm.ES512: ec.SECP521R1,
}
#: Those whose keys are used as they are.
_RAW = SYMMETRIC | {Algorithm.EDDSA}


def verify(algorithm: Algorithm, key: VerificationKey, message: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` is ``key``'s over ``message``.

    Raises ``ValueError`` where the key is not one for ``algorithm``: choosing them together is the caller's duty, and a
    mistake there must not look like a bad signature.
    """
    if algorithm not in key.algorithms:
        raise ValueError(f"a key for {sorted(key.algorithms)} asked to verify {algorithm}")
    return _family(algorithm)(algorithm, key.material, message, signature)


def decode(key: VerificationKey) -> None:
    """Decode a key of RSA or ECDSA, once: the first check of a token of its will not have to. Others need none."""
    if not key.algorithms <= _RAW:
        _load(key.material)


def _family(algorithm: Algorithm) -> Callable[[Algorithm, bytes, bytes, bytes], bool]:
    if algorithm is Algorithm.EDDSA:
        return _ed25519
    if algorithm is Algorithm.HS256:
        return _hmac
    return _ecdsa if algorithm in _CURVES else _rsa


def _ed25519(_: Algorithm, public_key: bytes, message: bytes, signature: bytes) -> bool:
    if len(public_key) != crypto_sign_PUBLICKEYBYTES:
        raise ValueError("an Ed25519 key has 32 bytes")
    if len(signature) != crypto_sign_BYTES:
        return False  # libsodium takes both in one piece: a short signature would borrow bytes from the message
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def _hmac(_: Algorithm, secret: bytes, message: bytes, signature: bytes) -> bool:
    # In a time that does not depend on where the two differ: else a signature could be guessed byte by byte.
    return hmac.compare_digest(hmac.digest(secret, message, "sha256"), signature)


def _ecdsa(algorithm: Algorithm, material: bytes, message: bytes, signature: bytes) -> bool:
    key = _load(material)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES[algorithm]):
        raise ValueError(f"not a key for {algorithm}")  # noqa: TRY004 - the key's kind is data here
    half = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * half:
        return False
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(_HASHES[algorithm[-3:]]))
    except InvalidSignature:
        return False
    return True


def _rsa(algorithm: Algorithm, material: bytes, message: bytes, signature: bytes) -> bool:
    key = _load(material)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError(f"not a key for {algorithm}")  # noqa: TRY004 - the key's kind is data here
    if len(signature) != (key.key_size + 7) // 8:
        # RFC 8017, section 8.1.2: the length is the modulus's, leading zeros and all.
        return False
    digest = _HASHES[algorithm[-3:]]
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        # RFC 7518, section 3.5: MGF1 with the same hash, and a salt as long as the hash.
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    try:
        key.verify(signature, message, scheme, digest)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _load(material: bytes) -> object:
    """Decode SubjectPublicKeyInfo once a key: for ES256 that costs as much as half a verification."""
    return load_der_public_key(material)
