"""Tokens of a trusted issuer that are good for something else than this (RFC 8725, sections 3.11 and 3.12)."""

import pytest

from support.checks import decide
from support.requests import with_token
from support.tokens import claims, forge, mint
from support.trusts import issuer, trust


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"])
def test_access_tokens_are_taken(kind: str) -> None:
    """The usual kinds are taken, without regard to case and with or without ``application/``."""
    assert decide(with_token(mint(typ=kind)), trust()).allowed


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "entity-statement+jwt", "JOSE", ""])
def test_other_kinds_are_refused(kind: str) -> None:
    """A token that says it is something else is no access token, however well signed."""
    assert decide(with_token(forge({"alg": "EdDSA", "typ": kind}, claims())), trust()).reason == "wrong_token_type"


@pytest.mark.parametrize("kind", [5, None, True, ["JWT"]])
def test_kind_that_is_no_text_is_malformed(kind: object) -> None:
    """``typ`` is a string or not there."""
    header = {"alg": "EdDSA", "typ": kind}
    assert decide(with_token(forge(header, claims())), trust()).reason == "token_malformed"


def test_token_without_a_kind_is_a_jwt() -> None:
    """A token without ``typ`` is taken where JWTs are, and nowhere else."""
    token = forge({"alg": "EdDSA"}, claims())
    assert decide(with_token(token), trust()).allowed
    only_access_tokens = trust(issuers=[issuer(token_types=frozenset({"at+jwt"}))])
    assert decide(with_token(token), only_access_tokens).reason == "wrong_token_type"


@pytest.mark.parametrize("member", ["enc", "zip"])
def test_header_of_an_encrypted_token_is_malformed(member: str) -> None:
    """What belongs to JWE has no place in a JWS."""
    assert decide(with_token(forge({"alg": "EdDSA", member: "DEF"}, claims())), trust()).reason == "token_malformed"


@pytest.mark.parametrize("confirmation", [{"jkt": "x"}, {"x5t#S256": "x"}, {}, None, "x"])
def test_bound_token_is_no_bearer_token(confirmation: object) -> None:
    """A token that is bound to a key (RFC 7800) is refused where no proof is looked at."""
    assert decide(with_token(mint(claims(cnf=confirmation))), trust()).reason == "proof_required"
