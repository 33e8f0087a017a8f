"""JSON Web Key Sets: the keys that can be used, and a line for each that cannot."""

import json
from typing import Any

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwks import MAX_JWKS_BYTES, MAX_KEYS, JwksError, read_jwks
from support.keypairs import pair

_GOOD = pair().jwk
_ENCRYPTION = pair(Algorithm.RS256, key_id="enc").jwk | {"use": "enc"}


def _document(*keys: object, **others: Any) -> bytes:  # noqa: ANN401 - JSON
    return json.dumps({"keys": list(keys)} | others).encode()


def test_good_keys() -> None:
    """All good keys are read, and other members of the document are ignored."""
    jwks = read_jwks(_document(_GOOD, pair(Algorithm.ES256, key_id="b").jwk, other=1))
    assert ([key.key_id for key in jwks.keys.keys], jwks.refused) == (["key-1", "b"], ())


def test_one_bad_key() -> None:
    """A key that cannot be used is left out, and reported with its place and why."""
    jwks = read_jwks(_document(_ENCRYPTION, _GOOD, "x"))
    assert [key.key_id for key in jwks.keys.keys] == ["key-1"]
    assert jwks.refused == ("keys[0]: use is not 'sig'", "keys[2]: not an object")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":null}',
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[],"keys":[]}',
        b"\xff",
        _document(_ENCRYPTION),
        _document(None, 1, []),
        _document([_GOOD]),
        json.dumps(_GOOD).encode(),
        b"\xef\xbb\xbf" + _document(_GOOD),
        _document(_GOOD)[:-1],
    ],
)
def test_unusable(document: bytes) -> None:
    """What is no key set, or has no key that can be used, is refused as a whole."""
    with pytest.raises(JwksError):
        read_jwks(document)


def test_duplicate_key_id() -> None:
    """Of two good keys of one id neither is taken, since either might be meant; a bad one beside a good one is."""
    jwks = read_jwks(_document(_GOOD, pair(Algorithm.ES256).jwk, pair(key_id="b").jwk))
    assert [key.key_id for key in jwks.keys.keys] == ["b"]
    assert jwks.refused == ("keys[0]: kid 'key-1' is given twice", "keys[1]: kid 'key-1' is given twice")
    with pytest.raises(JwksError, match="twice"):
        read_jwks(_document(_GOOD, pair(Algorithm.ES256).jwk))
    assert len(read_jwks(_document(_GOOD, _ENCRYPTION | {"kid": "key-1"})).keys.keys) == 1


def test_duplicate_member() -> None:
    """A key with a member given twice makes the document unreadable."""
    with pytest.raises(JwksError):
        read_jwks(_document(_GOOD).replace(b'"kty"', b'"kty":"RSA","kty"', 1))


def test_size() -> None:
    """A document of exactly the largest size is read, a larger one is not."""
    room = MAX_JWKS_BYTES - len(_document(_GOOD))
    assert read_jwks(_document(_GOOD) + b" " * room).keys.keys
    with pytest.raises(JwksError, match="larger"):
        read_jwks(_document(_GOOD) + b" " * (room + 1))


def test_number_of_keys() -> None:
    """More keys than anybody has are refused before they are read."""
    with pytest.raises(JwksError, match="257 keys"):
        read_jwks(_document(*[{}] * (MAX_KEYS + 1)))
    assert read_jwks(_document(*[{}] * (MAX_KEYS - 1), _GOOD)).keys.keys


def test_private_key_is_reported() -> None:
    """A private key in the set is left out and called leaked, without its secret."""
    jwks = read_jwks(_document(_GOOD, pair(key_id="b").jwk | {"d": "c2VjcmV0"}))
    assert len(jwks.refused) == 1
    assert "leaked" in jwks.refused[0]
    assert "c2VjcmV0" not in jwks.refused[0]
