"""Public keys in PEM."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import base64url
from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwk import JwkError
from sidecar.keys.jwks import read_jwks
from sidecar.keys.pem import jwks_of_pem
from support.certificates import Authority
from support.keypairs import pair


def _pem(algorithm: Algorithm) -> bytes:
    public = pair(algorithm).private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "algorithm", [Algorithm.EDDSA, Algorithm.ES256, Algorithm.ES384, Algorithm.ES512, Algorithm.RS256]
)
def test_every_kind_of_key(algorithm: Algorithm) -> None:
    """A key in PEM is the same key as its JWK, under its thumbprint or the id that is configured."""
    (key,) = read_jwks(jwks_of_pem(_pem(algorithm), None)).keys.keys
    assert (key.material, key.thumbprint) == (pair(algorithm).public.material, pair(algorithm).public.thumbprint)
    assert key.key_id == base64url.encode(key.thumbprint).decode()
    assert read_jwks(jwks_of_pem(_pem(algorithm), "mine")).keys.keys[0].key_id == "mine"


def test_several_keys_and_text_between() -> None:
    """Blocks may have text around them (RFC 7468, section 2); Windows' line ends are fine."""
    data = b"my key\n" + _pem(Algorithm.EDDSA) + b"\nand another\n" + _pem(Algorithm.ES256).replace(b"\n", b"\r\n")
    assert len(read_jwks(jwks_of_pem(data, None)).keys.keys) == 2
    with pytest.raises(JwkError, match="only one"):
        jwks_of_pem(data, "mine")


def test_certificate(tmp_path: Path) -> None:
    """Of a certificate its key is taken."""
    files = Authority(tmp_path, "ca").sign("server")
    (key,) = read_jwks(jwks_of_pem(Path(files.certificate).read_bytes(), None)).keys.keys
    assert key.algorithms == {Algorithm.ES256}


def test_private_key_is_refused() -> None:
    """A private key is called one, without a word of it."""
    private = pair().private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data in (private, _pem(Algorithm.EDDSA) + private):
        with pytest.raises(JwkError, match="private key") as refused:
            jwks_of_pem(data, None)
        assert private.splitlines()[1].decode() not in str(refused.value)


def test_keys_that_no_token_is_signed_with() -> None:
    """DSA, and curves that JOSE does not have, are refused."""
    for key in (dsa.generate_private_key(2048).public_key(), ec.generate_private_key(ec.SECP256K1()).public_key()):
        with pytest.raises(JwkError, match="neither"):
            jwks_of_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"-----BEGIN PUBLIC KEY-----",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        _pem(Algorithm.EDDSA)[:-10],
        _pem(Algorithm.EDDSA) + _pem(Algorithm.ES256)[:-30],
    ],
)
def test_broken(data: bytes) -> None:
    """A file that is cut, or is none, is refused as a whole."""
    with pytest.raises(JwkError):
        jwks_of_pem(data, None)


@given(st.integers(0, len(_pem(Algorithm.EDDSA)) - 1), st.binary(min_size=1, max_size=1))
def test_any_damage_is_an_error_or_a_key(place: int, byte: bytes) -> None:
    """Whatever is in the file, it is a key set or a ``JwkError``, nothing else."""
    good = _pem(Algorithm.EDDSA)
    try:
        document = jwks_of_pem(good[:place] + byte + good[place + 1 :], None)
    except JwkError:
        return
    assert len(json.loads(document)["keys"]) == 1
