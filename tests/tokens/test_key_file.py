"""Key files: what is read from them, and the clear word on what cannot be, without a byte of what is in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tokens.keyfiles import assert_secret, pem, private_jwk, written

from sidecar.core.algorithm import Algorithm
from sidecar.tokens.key_file import (
    MAX_FILE_BYTES,
    KeyFile,
    KeyFiles,
    SigningKeyError,
    read_minting_key,
    read_minting_keys,
)
from support.keypairs import pair

ALGORITHMS = (Algorithm.EDDSA, Algorithm.RS256, Algorithm.PS256, Algorithm.ES256, Algorithm.ES384, Algorithm.ES512)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jwk(tmp_path: Path, algorithm: Algorithm) -> None:
    """A private JWK says itself what it is called and signs with."""
    one = pair(algorithm)
    key = read_minting_key(written(tmp_path / "key.jwk", private_jwk(one)))
    assert (key.public.key_id, key.public.algorithm) == (one.key_id, algorithm)
    assert key.public.thumbprint == one.public.thumbprint


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_pem(tmp_path: Path, algorithm: Algorithm) -> None:
    """With PEM the file's entry says it."""
    one = pair(algorithm)
    key = read_minting_key(written(tmp_path / "key.pem", pem(one), algorithm=algorithm, key_id="named"))
    assert (key.public.key_id, key.public.algorithm) == ("named", algorithm)
    assert key.public.thumbprint == one.public.thumbprint


@pytest.mark.parametrize("algorithm", [Algorithm.RS256, Algorithm.ES256])
def test_traditional_pem(tmp_path: Path, algorithm: Algorithm) -> None:
    """What OpenSSL wrote before PKCS #8 is read, too."""
    file = written(tmp_path / "key.pem", pem(pair(algorithm), PrivateFormat.TraditionalOpenSSL))
    assert read_minting_key(file).public.algorithm == algorithm


def test_three_keys(tmp_path: Path) -> None:
    """The current key comes first, then the next one, then the previous one."""
    files = [written(tmp_path / name, private_jwk(pair(key_id=name, owner=name))) for name in ("c", "n", "p")]
    keys = read_minting_keys(KeyFiles(*files)).public
    assert [key.key_id for key in keys.keys] == ["c", "n", "p"]
    only = read_minting_keys(KeyFiles(files[0], previous=files[2])).public
    assert [key.key_id for key in only.keys] == ["c", "p"]


@pytest.mark.parametrize(("other", "problem"), [("id", "key id 'key-1' is given twice"), ("key", "one key is given")])
def test_not_different(tmp_path: Path, other: str, problem: str) -> None:
    """Two files with one id, or with one key, are refused: nobody could tell their tokens apart."""
    twin = pair(owner="b") if other == "id" else pair(key_id="key-2")
    files = [written(tmp_path / "a", private_jwk(pair())), written(tmp_path / "b", private_jwk(twin))]
    with pytest.raises(SigningKeyError, match=problem) as refused:
        read_minting_keys(KeyFiles(*files))
    assert str(files[0].path) in str(refused.value)
    assert "must be different keys" in str(refused.value)


def _pkcs8(private: Any) -> bytes:  # noqa: ANN401 - any private key
    return bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


BAD_PEM: dict[str, tuple[Callable[[], bytes], str]] = {
    "weak RSA": (lambda: _pkcs8(rsa.generate_private_key(65537, 1024)), "n has 1024 bits; allowed: 2048"),  # noqa: S505 - on purpose
    "X25519": (lambda: _pkcs8(x25519.X25519PrivateKey.generate()), "not a kind of key that signs tokens"),
    "Ed448": (lambda: _pkcs8(ed448.Ed448PrivateKey.generate()), "not a kind of key that signs tokens"),
    "another curve": (lambda: _pkcs8(ec.generate_private_key(ec.SECP256K1())), "curve secp256k1 is not supported"),
    "no private key": (
        lambda: pair().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "not exactly one private key",
    ),
    "two keys": (lambda: pem(pair()) + pem(pair(owner="b")), "not exactly one private key"),
    "encrypted": (
        lambda: pair().private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
        "encrypted; decrypt it first",
    ),
    "cut": (
        lambda: pem(pair(Algorithm.RS256))[:400] + b"\n-----END PRIVATE KEY-----\n",
        "not a private key that can be read",
    ),
    "empty": (lambda: b"", "neither PEM nor one JSON object"),
    "noise": (lambda: bytes(range(256)), "neither PEM nor one JSON object"),
}


@pytest.mark.parametrize("which", BAD_PEM)
def test_bad_file(tmp_path: Path, which: str) -> None:
    """The error says which file, what is wrong with it, and what to give instead."""
    make, problem = BAD_PEM[which]
    file = written(tmp_path / "key.pem", make())
    with pytest.raises(SigningKeyError, match=problem) as refused:
        read_minting_key(file)
    assert str(refused.value).startswith(f"{file.path}: ")
    assert "give a private key, Ed25519, RSA from 2048 bits up" in str(refused.value)
    for algorithm in (Algorithm.EDDSA, Algorithm.RS256):
        assert_secret(pair(algorithm), refused.value)


def _with(**changes: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda jwk: {name: value for name, value in (jwk | changes).items() if value is not None}


def _exchanged(name: str, algorithm: Algorithm) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda jwk: jwk | {name: private_jwk(pair(algorithm, owner="b"))[name]}


ED, EC, RSA = Algorithm.EDDSA, Algorithm.ES256, Algorithm.RS256
BAD_JWK: dict[str, tuple[Algorithm, Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "public": (ED, _with(d=None), "d is missing: this is no private key"),
    "symmetric": (ED, lambda _: {"kty": "oct", "k": "c2VjcmV0"}, "kty 'oct' is not supported"),
    "encryption": (ED, _with(use="enc"), "use is not 'sig'"),
    "operations": (ED, _with(key_ops=["verify"]), "key_ops has no 'sign'"),
    "curve of DH": (ED, _with(crv="X25519"), "crv 'X25519' is not supported"),
    "short seed": (ED, _with(d="AA"), "d must be 32 bytes"),
    "not base64url": (ED, _with(d="a+b/"), "d is not base64url"),
    "not ASCII": (ED, _with(d="é"), "d is not base64url"),
    "a list": (ED, _with(d=["x"]), "d is missing"),
    "another's point": (ED, _exchanged("x", ED), "do not belong to its private ones"),
    "key id empty": (ED, _with(kid=""), "kid is not a string with content"),
    "algorithm of others": (ED, _with(alg="RS256"), "alg 'RS256' does not go with"),
    "HMAC with an RSA key": (RSA, _with(alg="HS256"), "alg 'HS256' does not go with"),
    "another's number": (EC, _exchanged("d", EC), "not those of one key"),
    "another's place": (EC, _exchanged("x", EC), "not those of one key"),
    "curve of no algorithm": (EC, _with(crv="secp256k1"), "crv 'secp256k1' is not supported"),
    "no place": (EC, _with(y=None), "y is not base64url"),
    "no primes": (RSA, _with(p=None), "has no p; an RSA key needs d, p, q, dp, dq, qi"),
    "three primes": (RSA, _with(oth=[]), "has more than two primes"),
    "another's prime": (RSA, _exchanged("p", RSA), "not those of one key"),
    "another's exponent": (RSA, _exchanged("d", RSA), "not those of one key"),
    "even": (RSA, _with(e="Ag"), "not those of one key"),
}


@pytest.mark.parametrize("which", BAD_JWK)
def test_bad_jwk(tmp_path: Path, which: str) -> None:
    """A private JWK that is not whole, not for signing, or whose parts are of several keys is refused."""
    algorithm, change, problem = BAD_JWK[which]
    file = written(tmp_path / "key.jwk", change(private_jwk(pair(algorithm))))
    with pytest.raises(SigningKeyError, match=problem) as refused:
        read_minting_key(file)
    assert str(refused.value).startswith(f"{file.path}: ")
    assert_secret(pair(algorithm), refused.value)
    assert_secret(pair(algorithm, owner="b"), refused.value)


@pytest.mark.parametrize("cut", [1, 60, 200])
def test_broken_json(tmp_path: Path, cut: int) -> None:
    """A JWK that was cut is refused, without a word of what it has."""
    one = pair(RSA)
    file = written(tmp_path / "key.jwk", json.dumps(private_jwk(one)).encode()[:-cut])
    with pytest.raises(SigningKeyError, match="neither PEM nor one JSON object") as refused:
        read_minting_key(file)
    assert_secret(one, refused.value)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"key_id": "other"}, "kid is 'key-1', and 'other' is configured"),
        ({"algorithm": Algorithm.PS256}, "alg is 'RS256'"),
    ],
)
def test_configured_otherwise(tmp_path: Path, said: dict[str, Any], problem: str) -> None:
    """Where a JWK says another id or algorithm than is configured, neither is guessed."""
    with pytest.raises(SigningKeyError, match=problem):
        read_minting_key(written(tmp_path / "key.jwk", private_jwk(pair(RSA)), **said))


def test_no_file(tmp_path: Path) -> None:
    """What cannot be opened is named, with the system's word on it."""
    for path, problem in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(SigningKeyError, match=f"{problem}.*minting workers must be able to read it") as refused:
            read_minting_key(KeyFile(path))
        assert str(refused.value).startswith(f"{path}: ")


def test_large_file(tmp_path: Path) -> None:
    """A file far larger than any key is not read to its end."""
    with pytest.raises(SigningKeyError, match="larger than 65536 bytes"):
        read_minting_key(written(tmp_path / "key", b" " * (MAX_FILE_BYTES + 1)))
