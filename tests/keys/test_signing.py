"""Private keys and the tokens minted with them are what the sidecar itself takes."""

import json
from typing import Any

import pytest

from sidecar.core.keys import key_set
from sidecar.keys.jwk import JwkError, thumbprint, verification_key
from sidecar.keys.jwks import JwksError, read_jwks
from sidecar.keys.signing import generate, key_set_document, read_signing_key
from sidecar.tokens.mint import mint
from support.checks import decide
from support.requests import with_token
from support.tokens import claims, part
from support.trusts import issuer, trust

_KEY = generate("a")


def test_minted_tokens_pass() -> None:
    """A token minted with a generated key passes under its public half."""
    keys = key_set([verification_key(_KEY.public_jwk())]).keys
    assert decide(with_token(mint(_KEY, claims())), trust(issuers=[issuer(keys)])).allowed


def test_round_trip() -> None:
    """A private JWK is read back as the same key."""
    again = read_signing_key(json.dumps(_KEY.private_jwk()).encode())
    assert again.private_jwk() == _KEY.private_jwk()


def test_default_id() -> None:
    """Without a name a key is called by its thumbprint, so that no two have the same."""
    key = generate()
    assert key.key_id == part(thumbprint(key.public_jwk())).decode()


def test_public_document() -> None:
    """The key set has public halves alone; of private ones no key set can be read."""
    document = key_set_document([_KEY, generate("b")])
    assert [key.key_id for key in read_jwks(document.encode()).keys.keys] == ["a", "b"]
    assert str(_KEY.private_jwk()["d"]) not in document
    with pytest.raises(JwksError):
        read_jwks(json.dumps({"keys": [_KEY.private_jwk()]}).encode())


def test_secret_in_repr() -> None:
    """A signing key's repr shows its id alone."""
    assert str(_KEY.private_jwk()["d"]) not in repr(_KEY)


@pytest.mark.parametrize(
    "changes",
    [{"d": None}, {"d": ""}, {"d": "AA"}, {"d": "é"}, {"x": "AA"}, {"kty": "EC"}, {"crv": "Ed448"}, {"kid": ""}],
)
def test_bad_private_keys(changes: dict[str, Any]) -> None:
    """A private JWK that is not whole, or whose halves do not belong together, is refused."""
    with pytest.raises(JwkError):
        read_signing_key(json.dumps(_KEY.private_jwk() | changes).encode())
