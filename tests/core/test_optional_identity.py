"""Where documents of Istio's rule: a request without a credential goes on to policy, and what none closes is open."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.policy.model import PolicySet
from sidecar.core.reason import Reason
from support.answers import Answer
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import claims, mint
from support.trusts import policy_set, trust

_TO_A = [{"to": [{"operation": {"paths": ["/a"]}}]}]
_TOKEN_ALONE = [{"from": [{"source": {"requestPrincipals": ["*"]}}]}]


def _policy(action: str, rules: list[dict[str, Any]], **fields: object) -> dict[str, Any]:
    return {"name": "p", "action": action, "rules": rules, **fields}


def _istio(policies: Sequence[dict[str, Any]]) -> PolicySet:
    return replace(policy_set(policies), needs_identity=False, allows_by_default=True)


def _ask(policies: PolicySet, path: str, token: str | None = None, **headers: str) -> Answer:
    if token is None:
        return decide(check_request(path=path, headers=headers), trust(policies))
    return decide(with_token(token, path=path), trust(policies))


@pytest.mark.parametrize(
    ("policies", "path", "anonymous", "known"),
    [
        ([], "/a", Reason.ALLOWED_BY_DEFAULT, Reason.ALLOWED_BY_DEFAULT),
        ([_policy("deny", _TO_A)], "/a", Reason.DENIED_BY_POLICY, Reason.DENIED_BY_POLICY),
        ([_policy("deny", _TO_A)], "/b", Reason.ALLOWED_BY_DEFAULT, Reason.ALLOWED_BY_DEFAULT),
        ([_policy("allow", _TO_A)], "/a", Reason.ALLOWED, Reason.ALLOWED),
        ([_policy("allow", _TO_A)], "/b", Reason.NO_POLICY_ALLOWS, Reason.NO_POLICY_ALLOWS),
        ([_policy("allow", _TOKEN_ALONE)], "/a", Reason.NO_POLICY_ALLOWS, Reason.ALLOWED),
        ([_policy("allow", _TO_A, scopes=["a"])], "/a", Reason.INSUFFICIENT_SCOPE, Reason.INSUFFICIENT_SCOPE),
        ([_policy("allow", _TO_A, dry_run=True)], "/b", Reason.ALLOWED_BY_DEFAULT, Reason.ALLOWED_BY_DEFAULT),
    ],
)
def test_without_a_token(policies: list[dict[str, Any]], path: str, anonymous: Reason, known: Reason) -> None:
    """Rules see nobody, where nobody showed a token."""
    rules = _istio(policies)
    assert _ask(rules, path).reason == anonymous
    assert _ask(rules, path, mint()).reason == known


def test_a_policy_in_dry_run_closes_nothing() -> None:
    """And what it would close is told."""
    answer = _ask(_istio([_policy("allow", _TO_A, dry_run=True)]), "/b")
    assert answer.allowed
    assert answer.metadata["dry_run"] == {"decision": "deny", "reason": "no_policy_allows"}


def test_a_bad_token_is_no_missing_one() -> None:
    """Whoever shows one has to show a good one."""
    assert _ask(_istio([]), "/a", mint(claims(exp=1))).reason == Reason.TOKEN_EXPIRED
    assert _ask(_istio([]), "/a", authorization="Bearer").reason == Reason.MALFORMED_CREDENTIAL


def test_nobody_s_headers() -> None:
    """No identity header of the client's comes through."""
    answer = _ask(_istio([]), "/a", **{"x-auth-subject": "root", "x_auth_subject": "root"})
    assert answer.allowed
    assert {"x-auth-subject", "x_auth_subject"} <= set(answer.removed)
    assert not answer.headers


def test_the_native_default() -> None:
    """Without Istio's documents a token is needed, and what no policy allows is denied."""
    assert _ask(policy_set([_policy("allow", _TO_A)]), "/a").reason == Reason.NO_CREDENTIAL
    assert _ask(policy_set([]), "/a", mint()).reason == Reason.NO_POLICY_ALLOWS
