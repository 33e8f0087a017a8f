"""Public key sets: what is published, and what several workers' sets come to."""

import json

import pytest
from tokens.keyfiles import minting, private_jwk

from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwk import JwkError
from sidecar.keys.jwks import read_jwks
from sidecar.tokens.public import PublicKey, PublicKeys, merged, public_key, read_public_keys
from support.keypairs import pair


def public(name: str) -> PublicKey:
    """Return a key of its own."""
    return minting(key_id=name, owner=name).public


def keys(*names: str) -> PublicKeys:
    """Return several."""
    return PublicKeys(tuple(public(name) for name in names))


def test_document() -> None:
    """What is published is what the sidecar itself reads, and comes back as it was."""
    some = PublicKeys((public("a"), minting(Algorithm.RS256, "b").public, minting(Algorithm.ES256, "c").public))
    document = some.document().encode()
    read = read_jwks(document)
    assert [key.key_id for key in read.keys.keys] == ["a", "b", "c"]
    assert read.refused == ()
    assert read_public_keys(document) == some
    assert some.current.key_id == "a"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":1}',
        b'{"keys":[]}',
        b'{"keys":[1]}',
        keys("a").document().encode() + b" ",
        keys("a").document().encode()[:-1],
        json.dumps({"keys": [dict(public("a").jwk)] * 2}, separators=(",", ":")).encode(),
        json.dumps({"keys": [private_jwk(pair())]}, separators=(",", ":")).encode(),
        json.dumps({"keys": [{**public("a").jwk, "kid": ""}]}, separators=(",", ":")).encode(),
    ],
)
def test_no_document(document: bytes) -> None:
    """What is not exactly a document of public keys is none, least of all one with a private key in it."""
    assert read_public_keys(document) is None


@pytest.mark.parametrize("missing", ["kid", "alg"])
def test_nameless(missing: str) -> None:
    """A key without an id or, where several would do, without its algorithm is none that signs."""
    jwk = {name: value for name, value in minting(Algorithm.RS256).public.jwk.items() if name != missing}
    with pytest.raises(JwkError, match=f"{missing} is missing"):
        public_key(jwk)


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([("a", "b")], "a b"),
        ([("a", "b"), ("a", "b")], "a b"),
        ([("b", "c", "a"), ("a", "b")], "b a c"),
        ([("a", "b"), ("b", "c", "a")], "a b c"),
        ([("a", "b", "z"), ("b", "c", "a"), ("a", "b", "z")], "a b z c"),
        ([("a", "b", "z"), ("b", "c", "a"), ("b", "c", "a")], "a b z c"),
        ([("b", "c"), ("a", "b")], "b a c"),
        ([("a",), ("b",)], "a b"),
    ],
)
def test_merged(several: list[tuple[str, ...]], expected: str) -> None:
    """All keys are published, once; the current one is one that every worker holds, where there is such a one."""
    found = merged([keys(*names) for names in several])
    assert " ".join(key.key_id for key in found.keys) == expected


def test_merged_with_one_id_twice() -> None:
    """Of two keys of one id only one is published, so that no verifier takes one for the other."""
    twin = minting(key_id="a", owner="other").public
    found = merged([keys("a", "b"), PublicKeys((twin,))])
    assert found.keys == keys("a", "b").keys


def test_nothing() -> None:
    """No keys at all are no key set."""
    with pytest.raises(ValueError, match="no key"):
        merged([])
