"""An issuer whose tokens are taken whoever they are for: said expressly, and never by an empty set."""

import pytest

from sidecar.core.reason import Reason
from support.checks import decide
from support.requests import with_token
from support.tokens import ABSENT, claims, mint
from support.trusts import issuer, trust


@pytest.mark.parametrize(
    ("aud", "anybody", "nobody"),
    [
        ("else", Reason.ALLOWED, Reason.WRONG_AUDIENCE),
        ([], Reason.ALLOWED, Reason.WRONG_AUDIENCE),
        (None, Reason.ALLOWED, Reason.CLAIM_MISSING),
        (ABSENT, Reason.ALLOWED, Reason.CLAIM_MISSING),
        ([1], Reason.CLAIM_INVALID, Reason.CLAIM_INVALID),
        ({}, Reason.CLAIM_INVALID, Reason.CLAIM_INVALID),
    ],
)
def test_audiences(aud: object, anybody: Reason, nobody: Reason) -> None:
    """``None`` takes all that is well-formed, an empty set takes nothing."""
    raw = with_token(mint(claims(aud=aud)))
    assert decide(raw, trust(issuers=[issuer(audiences=None)])).reason == anybody
    assert decide(raw, trust(issuers=[issuer(audiences=frozenset())])).reason == nobody


def test_it_is_another_issuer() -> None:
    """Nobody who was let in by one is remembered under the other."""
    assert issuer(audiences=None).digest != issuer(audiences=frozenset()).digest
