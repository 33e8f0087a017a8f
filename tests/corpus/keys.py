"""The keys of the corpus by name, and the forms in which a public key may be mistaken for a secret."""

import datetime as dt
import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwk import verification_key
from support.keypairs import Pair, pair
from support.tokens import NOW

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

#: The secret of the issuers that sign with HS256.
SECRET = hashlib.sha256(b"the corpus's secret").hexdigest().encode()
#: Name: algorithm, key id and owner. Mallory's keys are in no set-up.
_PAIRS = {
    "ed": (Algorithm.EDDSA, "ed", "issuer"),
    "ed-old": (Algorithm.EDDSA, "old", "old"),
    "ed-new": (Algorithm.EDDSA, "new", "new"),
    "ed-a": (Algorithm.EDDSA, "shared", "a"),
    "ed-b": (Algorithm.EDDSA, "shared", "b"),
    "p256": (Algorithm.ES256, "p256", "issuer"),
    "p384": (Algorithm.ES384, "p384", "issuer"),
    "p521": (Algorithm.ES512, "p521", "issuer"),
    "rsa": (Algorithm.RS256, "rsa", "issuer"),
    "mallory-ed": (Algorithm.EDDSA, "mallory", "mallory"),
    "mallory-p256": (Algorithm.ES256, "mallory", "mallory"),
    "mallory-rsa": (Algorithm.RS256, "mallory", "mallory"),
}


@cache
def named(name: str) -> Pair:
    """Return the key pair of that name."""
    return _small_exponent() if name == "rsa-e3" else pair(*_PAIRS[name])


def _small_exponent() -> Pair:
    """Make an RSA key whose public exponent is 3, with which careless padding checks can be cheated."""
    private = rsa.generate_private_key(public_exponent=3, key_size=2048)
    jwk = dict(RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)) | {"kid": "rsa", "alg": "RS256", "use": "sig"}
    return Pair(Algorithm.RS256, "rsa", private, jwk, verification_key(jwk))


def public_jwk(name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a key's JWK, with changes; a member that is ``None`` is left out."""
    return {member: value for member, value in (named(name).jwk | changes).items() if value is not None}


def form_of(name: str, form: str) -> bytes:
    """Return a public key in one of ``_FORMS``."""
    return _FORMS[form](named(name))


def _public(key: Pair) -> PublicKey:
    return key.private.public_key()


def _pem(key: Pair) -> bytes:
    return _public(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _der(key: Pair) -> bytes:
    return _public(key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def certificate(name: str) -> x509.Certificate:
    """Return a certificate of a key, signed by itself."""
    key, day = named(name), dt.timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mallory")])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(_public(key))
    now = dt.datetime.fromtimestamp(NOW, dt.UTC)
    made = made.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    return made.sign(key.private, None if isinstance(key.private, ed25519.Ed25519PrivateKey) else SHA256())


_FORMS: dict[str, Callable[[Pair], bytes]] = {
    "pem": _pem,
    "pem without its line end": lambda key: _pem(key).rstrip(),
    "pem behind a space": lambda key: b" " + _pem(key),
    "pem with CRLF": lambda key: _pem(key).replace(b"\n", b"\r\n"),
    "pkcs1": lambda key: _public(key).public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "der": _der,
    "base64": lambda key: b64encode(_der(key)),
    "openssh": lambda key: _public(key).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "raw": lambda key: _public(key).public_bytes(Encoding.Raw, PublicFormat.Raw),
    "x": lambda key: str(key.jwk["x"]).encode(),
    "modulus": lambda key: str(key.jwk["n"]).encode(),
    "jwk": lambda key: json.dumps(key.jwk).encode(),
    "jwks": lambda key: json.dumps({"keys": [key.jwk]}).encode(),
    "certificate": lambda key: certificate(_name(key)).public_bytes(Encoding.PEM),
}


def _name(key: Pair) -> str:
    return next(name for name in (*_PAIRS, "rsa-e3") if named(name) == key)
