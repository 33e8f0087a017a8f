"""The inline verifier answers the very question it was asked."""

import asyncio
from dataclasses import replace

import pytest

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.core.needs import Verdict
from sidecar.verify.inline import verify_inline
from support.checks import pending
from support.keypairs import pair
from support.requests import with_token
from support.tokens import mint
from support.trusts import issuer, trust


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_answers(algorithm: Algorithm) -> None:
    """A verdict names the token and the Trust of its question, and whether the signature is good."""
    key = pair(algorithm)
    need = pending(with_token(mint(key=key)), trust(issuers=[issuer([key.public])]))
    good = asyncio.run(verify_inline(need))
    bad = asyncio.run(verify_inline(replace(need, signing_input=need.signing_input + b"x")))
    assert (good, bad) == (Verdict(need.token_digest, need.trust_digest, True), replace(good, valid=False))  # noqa: FBT003
