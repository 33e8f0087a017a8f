"""Signatures of every algorithm are what PyJWT takes, and nothing of a private key is ever shown."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tokens.keyfiles import assert_secret, minting, pem, private_jwk

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.keys.jwk import JwkError, thumbprint
from sidecar.tokens.minting_key import MAX_KEY_ID, MintingKeys, minting_key
from support.keypairs import pair
from support.tokens import part

MESSAGE = b"header.payload"


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_pyjwt_takes_the_signature(algorithm: Algorithm) -> None:
    """PyJWT verifies the signature under the public JWK that is published, and not that over anything else."""
    key = minting(algorithm)
    oracle = jwt.get_algorithm_by_name(algorithm.value)
    public = jwt.PyJWK(dict(key.public.jwk)).key
    assert oracle.verify(MESSAGE, public, key.sign(MESSAGE))
    assert not oracle.verify(MESSAGE + b"x", public, key.sign(MESSAGE))


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_public_half(algorithm: Algorithm) -> None:
    """The public JWK is PyJWT's, with id, algorithm and use; its thumbprint is that of RFC 7638."""
    key, one = minting(algorithm), pair(algorithm)
    ours = dict(key.public.jwk)
    theirs = {name: value for name, value in one.jwk.items() if name != "key_ops"}
    assert ours == theirs
    assert (key.public.key_id, key.public.algorithm) == (one.key_id, algorithm)
    assert key.public.thumbprint == thumbprint(one.jwk) == one.public.thumbprint


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_usual_names(algorithm: Algorithm) -> None:
    """Unless told otherwise a key is called by its thumbprint, and signs as its curve has it, or with RS256."""
    key = minting_key(pair(algorithm).private)
    assert key.public.key_id == part(key.public.thumbprint).decode()
    usual = Algorithm.RS256 if algorithm[:2] in {"RS", "PS"} else algorithm
    assert key.public.algorithm == usual


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_nothing_is_shown(algorithm: Algorithm) -> None:
    """Neither a key nor several show anything private."""
    key = minting(algorithm)
    keys = MintingKeys(key)
    assert_secret(pair(algorithm), key, keys, key.public, keys.public, keys.public.document().encode())


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_what_is_shown_would_be_found(algorithm: Algorithm) -> None:
    """The look for private parts finds them where they are: in text, in bytes, and in an error before an error."""
    one = pair(algorithm)
    shown = ValueError("outer")
    shown.__context__ = ValueError(str(private_jwk(one)))
    for told in (shown, pem(one), str(private_jwk(one)["d"]), vars(one) | {"at": private_jwk(one)}):
        with pytest.raises(AssertionError):
            assert_secret(one, told)


def test_weak_rsa() -> None:
    """An RSA key of less than 2048 bits signs nothing (RFC 7518, section 3.3)."""
    with pytest.raises(JwkError, match="1024 bits; allowed: 2048"):
        minting_key(rsa.generate_private_key(65537, 1024))  # noqa: S505 - weak on purpose


def test_other_curve() -> None:
    """A curve without an algorithm signs nothing."""
    with pytest.raises(JwkError, match="secp256k1 is not supported"):
        minting_key(ec.generate_private_key(ec.SECP256K1()))


@pytest.mark.parametrize(("algorithm", "other"), [(Algorithm.EDDSA, "ES256"), (Algorithm.ES256, "ES384")])
def test_other_algorithm(algorithm: Algorithm, other: str) -> None:
    """A key signs with no algorithm but one of its own kind, and never with a symmetric one or none."""
    for name in (other, "HS256", "none", "RS256"):
        with pytest.raises(JwkError, match="does not go with"):
            minting_key(pair(algorithm).private, algorithm=name)


def test_long_key_id() -> None:
    """A key id that would make every token long is refused."""
    private = pair().private
    assert minting_key(private, "k" * MAX_KEY_ID).public.key_id == "k" * MAX_KEY_ID
    with pytest.raises(JwkError, match="longer than 256"):
        minting_key(private, "k" * (MAX_KEY_ID + 1))


def test_finding() -> None:
    """A key is found by its algorithm and thumbprint, both exact; the first one given is the current one."""
    first, second = minting(Algorithm.PS256, "a"), minting(Algorithm.EDDSA, "b")
    keys = MintingKeys(first, second)
    assert keys.current is first
    assert list(keys) == [first, second]
    assert keys.find(Algorithm.EDDSA, second.public.thumbprint) is second
    assert keys.find(Algorithm.PS256, first.public.thumbprint) is first
    assert keys.find(Algorithm.RS256, first.public.thumbprint) is None
    assert keys.find(Algorithm.PS256, second.public.thumbprint) is None
