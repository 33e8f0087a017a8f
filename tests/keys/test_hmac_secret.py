"""The secret of an issuer that signs with HS256: random bytes, and never a key that others have."""

import hashlib
import json
import re
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import SYMMETRIC, Algorithm
from sidecar.keys.hmac_secret import MAX_SECRET_BYTES, MIN_SECRET_BYTES, SecretError, hmac_key
from support.certificates import certificate
from support.keypairs import pair

_HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2
_KINDS = [Algorithm.EDDSA, Algorithm.ES256, Algorithm.ES384, Algorithm.ES512, Algorithm.RS256]


@given(st.integers(MIN_SECRET_BYTES, MAX_SECRET_BYTES))
def test_random_bytes(size: int) -> None:
    """Random bytes of any length that is allowed are taken as they are, for HS256 alone."""
    secret = secrets.token_bytes(size)
    key = hmac_key(secret, "k1")
    assert (key.material, key.key_id, key.algorithms) == (secret, "k1", SYMMETRIC)


@pytest.mark.parametrize("size", [0, 1, 16, MIN_SECRET_BYTES - 1, MAX_SECRET_BYTES + 1])
def test_length(size: int) -> None:
    """A secret shorter than its hash (RFC 7518, section 3.2), or longer than any secret, is refused."""
    with pytest.raises(SecretError, match=f"a secret of {size} bytes"):
        hmac_key(secrets.token_bytes(size), None)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_line_end_after_text(end: str) -> None:
    """A line end after printable text is an editor's, and no part of the secret."""
    assert hmac_key((_HEX + end).encode(), None).material == _HEX.encode()


@pytest.mark.parametrize(
    "secret", [f"{_HEX}\n\n", f"\n{_HEX}", f"{_HEX[:32]}\n{_HEX[32:]}\n", f"{_HEX} ", f"é{_HEX}\n"]
)
def test_all_else_is_part_of_the_secret(secret: str) -> None:
    """Nothing else is taken off."""
    assert hmac_key(secret.encode(), None).material == secret.encode()


def test_line_end_does_not_count() -> None:
    """31 characters and a line end are 31 bytes."""
    with pytest.raises(SecretError, match="a secret of 31 bytes"):
        hmac_key(_HEX[:31].encode() + b"\n", None)


@pytest.mark.parametrize("secret", [b"a" * 64, bytes(32), b"changeme" * 8, b"1234567" * 8])
def test_few_different_bytes(secret: bytes) -> None:
    """What is made of a few bytes over and over is no secret."""
    with pytest.raises(SecretError, match="very few different bytes"):
        hmac_key(secret, None)


_Public = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def _pem(key: _Public) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _der(key: _Public) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


_FORMS: dict[str, Callable[[_Public], bytes]] = {
    "PEM": _pem,
    "PEM without its last line end": lambda key: _pem(key).rstrip(),
    "PEM behind white space": lambda key: b" \n\t" + _pem(key),
    "PEM behind text": lambda key: b"Bag Attributes\n" + _pem(key),
    "PEM with CRLF": lambda key: _pem(key).replace(b"\n", b"\r\n"),
    "OpenSSH": lambda key: key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "OpenSSH behind white space": lambda key: b"\n " + key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "DER": _der,
    "DER in base64": lambda key: b64encode(_der(key)),
    "DER in base64url": lambda key: urlsafe_b64encode(_der(key)).rstrip(b"="),
    "PEM without its first and last line": lambda key: b"\n".join(_pem(key).splitlines()[1:-1]),
}


@pytest.mark.parametrize("algorithm", _KINDS)
@pytest.mark.parametrize("form", _FORMS)
def test_public_key(algorithm: Algorithm, form: str) -> None:
    """A public key is no secret, in whatever encoding (CVE-2016-10555, CVE-2022-29217, CVE-2026-34950)."""
    with pytest.raises(SecretError, match="whoever has that could sign"):
        hmac_key(_FORMS[form](pair(algorithm).private.public_key()), None)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_public_key_of_pkcs1(encoding: Encoding) -> None:
    """Nor is one in PKCS #1 (CVE-2017-11424, CVE-2023-48223)."""
    key = pair(Algorithm.RS256).private.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    with pytest.raises(SecretError, match="whoever has that could sign"):
        hmac_key(key.public_bytes(encoding, PublicFormat.PKCS1), None)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_certificate(encoding: Encoding) -> None:
    """Nor is a certificate."""
    with pytest.raises(SecretError, match="certificate"):
        hmac_key(certificate().public_bytes(encoding), None)


@pytest.mark.parametrize("algorithm", _KINDS)
def test_jwk(algorithm: Algorithm) -> None:
    """Nor is a JSON Web Key, or a set of them, however it is spaced."""
    jwk = pair(algorithm).jwk
    for document in (json.dumps(jwk), json.dumps({"keys": [jwk]}, indent=2), json.dumps(jwk, separators=(",", ":"))):
        with pytest.raises(SecretError, match="JSON Web Key"):
            hmac_key(document.encode(), None)


@pytest.mark.parametrize(
    "secret", [b"short-secret", b"aaaaaaaaaaaaaaaa" * 4, b'{"kty":"oct","k":"hunter2hunter2hunter2"}']
)
def test_secret_is_not_in_the_reason(secret: bytes) -> None:
    """A refusal shows nothing of what was refused."""
    with pytest.raises(SecretError) as refused:
        hmac_key(secret, None)
    assert not set(re.findall("[a-z0-9]{4,}", secret.decode())) - {"secret"} & set(str(refused.value).split())


def test_nothing_is_shown() -> None:
    """The key's repr has no secret in it, and its name is not the secret's plain hash (RFC 7638, section 7)."""
    secret = secrets.token_bytes(48)
    key = hmac_key(secret, "k1")
    for shown in (repr(key), str(key)):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
    assert key.thumbprint not in (hashlib.sha256(secret).digest(), key.digest)
    assert hmac_key(secret, "k1") == key
    assert hmac_key(secrets.token_bytes(48), "k1").thumbprint != key.thumbprint
