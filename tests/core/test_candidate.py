"""What a token is held against before its signature is asked for, and in which order: the cheap questions first."""

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.authenticate import read_candidate
from sidecar.core.reason import Reason, Refusal
from support.checks import decide
from support.keypairs import pair
from support.requests import with_token
from support.tokens import NOW, claims, forge, mint
from support.trusts import issuer, trust

_KEYS = [pair(key_id="ed").public, pair(Algorithm.ES256, key_id="es").public]
_PINNED = trust(issuers=[issuer(_KEYS, algorithms=frozenset({Algorithm.EDDSA}))])


def _reason(header: dict[str, str], **changes: object) -> Reason:
    with pytest.raises(Refusal) as refused:
        read_candidate(forge(header, claims(**changes)).encode(), _PINNED, NOW)
    return refused.value.reason


@pytest.mark.parametrize("kid", ["es", None])
def test_algorithms_are_pinned_by_the_issuer(kid: str | None) -> None:
    """A good signature of an algorithm that the issuer is not trusted for is refused, though its key is known."""
    key = pair(Algorithm.ES256, key_id="es")
    assert decide(with_token(mint(key=key, kid=kid)), trust(issuers=[issuer(_KEYS)])).allowed
    assert decide(with_token(mint(key=key, kid=kid)), _PINNED).reason == "algorithm_not_allowed"


def test_algorithms_of_one_issuer_are_not_anothers() -> None:
    """What one issuer may use, another may not: its token is held against its own entry."""
    other = issuer([pair(Algorithm.ES256, key_id="es").public], issuer="https://other.example")
    both = trust(issuers=[issuer([pair().public], algorithms=frozenset({Algorithm.EDDSA})), other])
    key = pair(Algorithm.ES256, key_id="es")
    assert decide(with_token(mint(claims(iss="https://other.example"), key)), both).allowed
    assert decide(with_token(mint(key=key)), both).reason == "algorithm_not_allowed"


def test_keys_of_one_issuer_are_not_anothers() -> None:
    """A token of one issuer signed with another's key is a bad signature, or its key is not known."""
    mine, theirs = pair(), pair(owner="other", key_id="theirs")
    both = trust(issuers=[issuer([mine.public]), issuer([theirs.public], issuer="https://other.example")])
    assert decide(with_token(mint(key=theirs)), both).reason == "unknown_key"
    assert decide(with_token(mint(key=theirs, kid="key-1")), both).reason == "bad_signature"


def test_key_material_in_the_header_is_not_trusted() -> None:
    """A token that brings its own key is held against the issuer's."""
    attacker = pair(owner="attacker")
    token = mint(key=attacker, jwk=attacker.jwk, jku="https://evil.example/jwks.json")
    assert decide(with_token(token), trust()).reason == "bad_signature"


def test_order() -> None:
    """Of several faults the one that costs least to find is named: issuer, algorithm, claims, then key."""
    assert _reason({"alg": "ES256", "kid": "x"}, iss="x", exp=1) is Reason.UNKNOWN_ISSUER
    assert _reason({"alg": "ES256", "kid": "x"}, exp=1) is Reason.ALGORITHM_NOT_ALLOWED
    assert _reason({"alg": "EdDSA", "kid": "x"}, exp=1) is Reason.TOKEN_EXPIRED
    assert _reason({"alg": "EdDSA", "kid": "x"}) is Reason.UNKNOWN_KEY


def test_digests() -> None:
    """A candidate's digest is of its whole text: another signature, another digest."""
    tokens = [forge({"alg": "EdDSA", "kid": "ed"}, claims(n=n)).encode() for n in (1, 2)]
    one, other = (read_candidate(token, _PINNED, NOW) for token in tokens)
    assert one.token_digest != other.token_digest
    assert (one.trust_digest, len(one.token_digest)) == (_PINNED.digest, 32)
