"""How policies, rules, sources, operations and conditions are joined, and in which order policies are looked at."""

from itertools import product
from typing import Any

import pytest

from sidecar.core.decision import Denial, Permit
from sidecar.core.reason import Reason
from support.decisions import evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set

_SOURCE = {
    "alice": {"source": {"requestPrincipals": ["*/alice"]}},
    "carol": {"source": {"requestPrincipals": ["*/carol"]}},
}
_TO = {"/a": {"operation": {"paths": ["/a"]}}, "/c": {"operation": {"paths": ["/c"]}}}
_WHEN = [{"key": "request.headers[x-a]", "values": ["1"]}, {"key": "request.headers[x-b]", "values": ["1"]}]


def _policy(name: str, action: str, *rules: dict[str, Any], scopes: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"name": name, "action": action, "rules": list(rules), **({"scopes": list(scopes)} if scopes else {})}


def _to(*paths: str) -> dict[str, Any]:
    return {"to": [{"operation": {"paths": list(paths)}}]}


def _decide(policies: list[dict[str, Any]], path: str = "/a", **claims: object) -> Permit | Denial:
    return evaluate(policy_set(policies), request(path=path), identity(**claims))


@pytest.mark.parametrize(
    ("subject", "path", "a", "b"), list(product(["alice", "bob", "carol"], ["/a", "/b", "/c"], ["1", "0"], ["1", "0"]))
)
def test_a_rule(subject: str, path: str, a: str, b: str) -> None:
    """A rule is (one of its sources) AND (one of its operations) AND (all of its conditions)."""
    rule = {"from": list(_SOURCE.values()), "to": list(_TO.values()), "when": _WHEN}
    policies = policy_set([_policy("p", "allow", rule)])
    decision = evaluate(policies, request(path=path, headers={"x-a": a, "x-b": b}), identity(sub=subject))
    assert isinstance(decision, Permit) is (subject in _SOURCE and path in _TO and a == b == "1")


@pytest.mark.parametrize(("path", "allowed"), [("/a", True), ("/b", True), ("/c", False)])
def test_rules_are_joined_by_or(path: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    """A policy matches if one of its rules does; what matches in one and what in another do not mix."""
    rules = (_to("/a"), _to("/b"))
    assert isinstance(_decide([_policy("p", "allow", *rules)], path), Permit) is allowed


def test_fields_of_two_rules_do_not_mix() -> None:
    """Half of one rule and half of another make no match."""
    rules = ({"from": [_SOURCE["alice"]], **_to("/a")}, {"from": [_SOURCE["carol"]], **_to("/c")})
    assert isinstance(_decide([_policy("p", "allow", *rules)], "/a", sub="alice"), Permit)
    assert isinstance(_decide([_policy("p", "allow", *rules)], "/c", sub="alice"), Denial)


def test_default_deny() -> None:
    """Without policies, and without one that matches, nothing is allowed."""
    assert _decide([]) == Denial(Reason.NO_POLICY_ALLOWS)
    assert _decide([_policy("p", "allow", _to("/b"))]) == Denial(Reason.NO_POLICY_ALLOWS)


def test_an_empty_rule_matches_everything() -> None:
    """A rule without fields matches every request with a valid token."""
    assert _decide([_policy("p", "allow", {})]) == Permit(Reason.ALLOWED, identity(), "p", rule=1)


@pytest.mark.parametrize("reverse", [False, True])
def test_deny_before_allow(reverse: bool) -> None:  # noqa: FBT001 - a table
    """A deny policy wins, wherever it stands."""
    policies = [_policy("yes", "allow", {}), _policy("no", "deny", _to("/a"))]
    assert _decide(policies[::-1] if reverse else policies) == Denial(Reason.DENIED_BY_POLICY, "no", rule=1)
    assert isinstance(_decide(policies, "/b"), Permit)


def test_deny_alone_allows_nothing() -> None:
    """A deny policy that does not match is no allow policy."""
    assert _decide([_policy("no", "deny", _to("/b"))]) == Denial(Reason.NO_POLICY_ALLOWS)


def test_deny_where_an_attribute_is_missing() -> None:
    """A deny policy with ``notValues`` matches where the attribute is missing; one with ``values`` does not."""
    absent = {"when": [{"key": "request.auth.claims[group]", "notValues": ["a"]}]}
    present = {"when": [{"key": "request.auth.claims[group]", "values": ["*"]}]}
    assert _decide([_policy("no", "deny", absent), _policy("yes", "allow", {})]) == Denial(
        Reason.DENIED_BY_POLICY, "no", rule=1
    )
    assert isinstance(_decide([_policy("no", "deny", present), _policy("yes", "allow", {})]), Permit)


def test_first_allow_is_named() -> None:
    """The permit names the first allow policy that matches."""
    policies = [_policy("other", "allow", _to("/b")), _policy("first", "allow", {}), _policy("second", "allow", {})]
    decision = _decide(policies)
    assert isinstance(decision, Permit)
    assert decision.policy == "first"


@pytest.mark.parametrize(
    ("given", "decision"),
    [
        ("read write", Permit(Reason.ALLOWED, None, "p")),
        ("read write more", Permit(Reason.ALLOWED, None, "p")),
        ("read", Denial(Reason.INSUFFICIENT_SCOPE, "p", scopes=("read", "write"), rule=1)),
        ("READ WRITE", Denial(Reason.INSUFFICIENT_SCOPE, "p", scopes=("read", "write"), rule=1)),
        ("readwrite", Denial(Reason.INSUFFICIENT_SCOPE, "p", scopes=("read", "write"), rule=1)),
        ("", Denial(Reason.INSUFFICIENT_SCOPE, "p", scopes=("read", "write"), rule=1)),
    ],
)
def test_all_scopes_are_required(given: str, decision: Permit | Denial) -> None:
    """A policy's scopes must all be in the token; a denial says which are required, sorted."""
    found = _decide([_policy("p", "allow", {}, scopes=("write", "read"))], scope=given)
    assert (type(found), found.reason, found.policy) == (type(decision), decision.reason, decision.policy)
    if isinstance(found, Denial):
        assert found == decision


def test_scopes_of_the_first_policy_that_lacks_them() -> None:
    """Another policy may still allow; if none does, the first that wanted more scopes is named."""
    first, second = (_policy(name, "allow", {}, scopes=(name,)) for name in ("one", "two"))
    allowed = _decide([first, second], scope="two")
    assert isinstance(allowed, Permit)
    assert allowed.policy == "two"
    assert _decide([first, second]) == Denial(Reason.INSUFFICIENT_SCOPE, "one", scopes=("one",), rule=1)


def test_scopes_of_a_policy_that_does_not_match() -> None:
    """A policy that does not match asks for no scopes."""
    assert _decide([_policy("p", "allow", _to("/b"), scopes=("x",))]) == Denial(Reason.NO_POLICY_ALLOWS)
