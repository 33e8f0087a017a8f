"""The library cuts texts at NUL: those that have one cannot be told, and no claim is taken for a shorter one."""

from typing import Any

import pytest

from sidecar.cel import compile_terms
from support.checks import decide
from support.requests import with_token
from support.tokens import claims, mint
from support.trusts import policy_set, trust

_CASES: list[tuple[str, dict[str, Any]]] = [
    ("identity.subject == 'admin'", {"sub": "admin\0eve"}),
    ("identity.claims.email.endsWith('@corp.example')", {"email": "eve@corp.example\0@mail.example"}),
    ("'admin' in identity.claims.groups", {"groups": ["admin\0eve"]}),
    ("identity.claims.email.lowerAscii().matches('@corp.example$')", {"email": "eve@corp.example\0@mail.example"}),
]


@pytest.mark.parametrize(("cel", "given"), _CASES)
def test_allow(cel: str, given: dict[str, Any]) -> None:
    """From a signed token to the answer: nobody is let in by half of a claim."""
    policies = policy_set([{"name": "p", "action": "allow", "rules": [{"when": [{"cel": cel}]}]}])
    assert not decide(with_token(mint(claims(**given))), trust(policies)).allowed


def test_deny() -> None:
    """Nor is a deny rule on an ending passed."""
    cel = "identity.claims.email.endsWith('.evil')"
    policies = policy_set(
        [
            {"name": "p", "action": "deny", "rules": [{"when": [{"cel": cel}]}]},
            {"name": "all", "action": "allow", "rules": [{}]},
        ]
    )
    assert not decide(with_token(mint(claims(email="a\0b.evil"))), trust(policies)).allowed


@pytest.mark.parametrize("value", ["b\0c"])
def test_terms(value: str) -> None:
    """A text with NUL is not the text before it, wherever it stands."""
    (term,) = compile_terms("identity.claims.a.b == 'b'")
    assert term({"identity.claims": {"a": {"b": value}}}) is not True
    (term,) = compile_terms("has(identity.claims.a.b)")
    assert term({"identity.claims": {"a": {"b\0c": 1}}}) is not True
