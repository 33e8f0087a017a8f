"""Wycheproof's JWK cases: each key set through the reader, each token through parser, selection and verifier."""

import json
from typing import Any

import pytest

from sidecar.core import jws
from sidecar.core.reason import Refusal
from sidecar.keys.jwks import JwksError, read_jwks
from sidecar.verify.signature import verify
from support.vectors import cases

_CASES = cases("jwk")

_SYMMETRIC = "HS*: a key set is public, so symmetric algorithms are not supported"
#: Cases whose verdict here is another than the file's, each with the reason.
_DIFFERENT = {
    2: _SYMMETRIC,
    13: _SYMMETRIC,
    14: _SYMMETRIC,
    15: _SYMMETRIC,
    7: "a key that ROCA (CVE-2017-15361) made factorable: keys come from a trusted party, and are not tested for it",
}


def _verifies(group: dict[str, Any], token: str) -> bool:
    keys = group.get("public", group["private"])
    document = keys if "keys" in keys else {"keys": [keys]}
    try:
        parsed = jws.parse(token.encode(), 100_000)
        key = read_jwks(json.dumps(document).encode()).keys.select(parsed.algorithm, parsed.key_id)
    except (Refusal, JwksError):
        return False
    return verify(parsed.algorithm, key, parsed.signing_input, parsed.signature)


def test_number_of_cases() -> None:
    """The file is whole."""
    assert len(_CASES) == 26


@pytest.mark.parametrize(("group", "case"), _CASES, ids=[case["tcId"] for _, case in _CASES])
def test_verdict(group: dict[str, Any], case: dict[str, Any]) -> None:
    """The verdict is the file's, but for the listed cases, where it is the opposite."""
    valid = case["result"] == "valid"
    assert _verifies(group, case["jws"]) is (not valid if case["tcId"] in _DIFFERENT else valid)


def test_roca_is_the_only_laxity() -> None:
    """Of all cases that the file calls invalid a single one passes."""
    passing = {case["tcId"] for group, case in _CASES if case["result"] != "valid" and _verifies(group, case["jws"])}
    assert passing == {7}
