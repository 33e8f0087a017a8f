"""The secret of an issuer that signs with HS256 (RFC 7518, section 3.2; RFC 8725, sections 2.1 and 3.5).

A public key is no secret. Whoever configures one as such, as libraries did that let a token choose its algorithm, lets
everybody sign; so whatever looks like a public key, in whatever encoding, is refused.
"""

import hmac
import json
import re
from base64 import urlsafe_b64decode

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sidecar.core.algorithm import SYMMETRIC
from sidecar.core.keys import VerificationKey

#: As many as the hash has (RFC 7518, section 3.2).
MIN_SECRET_BYTES = 32
#: No secret needs more, and a file that is larger is another one.
MAX_SECRET_BYTES = 4096
#: Different bytes among them. Of 32 random ones hardly ever fewer than 20 differ, of 32 hexadecimal digits 8.
_MIN_DIFFERENT = 8

_PRINTABLE_LINE = re.compile(rb"([ -~]+)\r?\n")
_OPENSSH = re.compile(rb"\s*(?:ssh-|sk-ssh-|ecdsa-sha2-|sk-ecdsa-sha2-)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\s-]+=*\s*")


class SecretError(ValueError):
    """A secret that cannot be used. The text says why, and shows nothing of it."""


def hmac_key(secret: bytes, key_id: str | None) -> VerificationKey:
    """Return the key that ``secret`` is, the content of a file or variable; raises ``SecretError``."""
    line = _PRINTABLE_LINE.fullmatch(secret)
    secret = line[1] if line else secret
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise SecretError(
            f"a secret of {len(secret)} bytes; HS256 takes {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} (RFC 7518, "
            "section 3.2): make one with 'openssl rand -hex 32'"
        )
    found = _public(secret)
    if found:
        raise SecretError(f"is {found}: whoever has that could sign; give 'jwks' or the like for public keys")
    if len(set(secret)) < _MIN_DIFFERENT:
        raise SecretError("is made of very few different bytes: make a random one with 'openssl rand -hex 32'")
    # No SHA-256 of the secret, which might be shown somewhere (RFC 7638, section 7): this tells no more than a token.
    thumbprint = hmac.digest(secret, b"ext-authz-sidecar: name of this key", "sha256")
    return VerificationKey(key_id, SYMMETRIC, secret, thumbprint)


def _public(secret: bytes) -> str | None:
    """Say what ``secret`` is, if it is no secret but a key (or certificate) in one of the usual encodings."""
    # Anywhere: what stands before the first line of a PEM file is no part of it (RFC 7468, section 2).
    if b"-----BEGIN" in secret:
        return "a key or certificate in PEM"
    if _OPENSSH.match(secret):
        return "a public key of OpenSSH"
    if _is_jwk(secret):
        return "a JSON Web Key"
    if _is_der(secret):
        return "a public key or certificate in DER"
    return "a public key or certificate in base64" if _is_der(_decoded(secret)) else None


def _is_jwk(data: bytes) -> bool:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not {"kty", "keys"}.isdisjoint(found)


def _is_der(data: bytes) -> bool:
    for load in (load_der_public_key, x509.load_der_x509_certificate):
        try:
            load(data)
        except UnsupportedAlgorithm:
            return True
        except ValueError:
            continue
        return True
    return False


def _decoded(text: bytes) -> bytes:
    if _BASE64.fullmatch(text) is None:
        return b""
    plain = b"".join(text.split()).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")
    try:
        return urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
    except ValueError:
        return b""
