"""Wycheproof's JWS cases, through the parser, the JWK reader and the verifier."""

from typing import Any

import pytest

from sidecar.core import jws
from sidecar.core.reason import Refusal
from sidecar.keys.jwk import JwkError, verification_key
from sidecar.verify.signature import verify
from support.vectors import cases

_CASES = cases("jws")

_SYMMETRIC = "HS*: a key set is public, so symmetric algorithms are not supported"
_PINNED = "the key's alg is PS256, the token's PS384: a key is good for the algorithm that it names (RFC 8725, 3.1)"
_ES521 = "the key's alg is 'ES521', which is no algorithm (RFC 7518, section 3.4 has ES512)"
_SPELLING = "a character in the base64url that is not of its alphabet (RFC 7515, section 2)"
#: Cases that the file calls valid and that are refused here by design, each with the reason.
_REFUSED_BY_DESIGN = {
    1: _SYMMETRIC,
    346: _PINNED,
    347: _ES521,
    348: _SYMMETRIC,
    350: _PINNED,
    351: _ES521,
    352: _SYMMETRIC,
    357: _SYMMETRIC,
    358: _SYMMETRIC,
    359: _SYMMETRIC,
    372: _SPELLING,
    373: _SPELLING,
    376: _SYMMETRIC,
    377: _SYMMETRIC,
}


def _verifies(group: dict[str, Any], token: object) -> bool:
    try:
        parsed = jws.parse(str(token).encode(), 100_000)
        key = verification_key(group.get("public", group["private"]))
    except (Refusal, JwkError):
        return False
    return parsed.algorithm in key.algorithms and verify(parsed.algorithm, key, parsed.signing_input, parsed.signature)


def test_number_of_cases() -> None:
    """The file is whole."""
    assert len(_CASES) == 401


@pytest.mark.parametrize(("group", "case"), _CASES, ids=[case["tcId"] for _, case in _CASES])
def test_verdict(group: dict[str, Any], case: dict[str, Any]) -> None:
    """The verdict is the file's, but for the valid cases that are refused by design."""
    expected = case["result"] == "valid" and case["tcId"] not in _REFUSED_BY_DESIGN
    assert _verifies(group, case["jws"]) is expected


def test_the_table_is_exact() -> None:
    """Every case in the table is one that the file calls valid: none is there for nothing."""
    valid = {case["tcId"] for _, case in _CASES if case["result"] == "valid"}
    assert valid >= _REFUSED_BY_DESIGN.keys()


def test_some_valid_cases_pass() -> None:
    """The valid cases of the asymmetric algorithms are there, and pass."""
    passing = [case["tcId"] for group, case in _CASES if case["result"] == "valid" and _verifies(group, case["jws"])]
    assert len(passing) >= 20
