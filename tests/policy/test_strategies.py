"""What is generated for "the implementation equals the reference" is of use there: every answer comes up."""

from collections import Counter
from typing import Any

from hypothesis import given, settings

from policy import strategies
from policy.cases import evaluated
from policy.reference import decide


def test_every_answer_comes_up() -> None:
    """Among random policies and requests there is every reason, audited policies and dry runs, none of them once."""
    found: Counter[str] = Counter()

    @settings(max_examples=300, derandomize=True)
    @given(strategies.policies, strategies.public, strategies.requests, strategies.claims, strategies.hops)
    def look(
        policies: list[dict[str, Any]],
        public: list[dict[str, Any]],
        request: dict[str, Any],
        claims: dict[str, Any],
        hops: int,
    ) -> None:
        outcome = decide(policies, evaluated(request), claims, hops=hops, public=public)
        found[outcome.reason] += 1
        found["audited"] += bool(outcome.audited)
        found["dry_run"] += outcome.dry_run is not None

    look()
    answers = {
        "allowed",
        "denied_by_policy",
        "no_policy_allows",
        "insufficient_scope",
        "public_path",
        "audited",
        "dry_run",
    }
    assert {name for name, times in found.items() if times >= 3} == answers


@settings(max_examples=100)
@given(strategies.policies, strategies.requests, strategies.claims, strategies.hops)
def test_deny_only_takes_away(
    policies: list[dict[str, Any]], request: dict[str, Any], claims: dict[str, Any], hops: int
) -> None:
    """Without its deny policies a document allows at least what it allows with them."""
    asked = evaluated(request)
    without = [policy for policy in policies if policy["action"] != "deny"]
    if decide(policies, asked, claims, hops=hops).decision == "allow":
        assert decide(without, asked, claims, hops=hops).decision == "allow"


@settings(max_examples=100)
@given(strategies.rules, strategies.requests, strategies.claims, strategies.hops)
def test_what_allows_would_deny(
    rule: dict[str, Any], request: dict[str, Any], claims: dict[str, Any], hops: int
) -> None:
    """A rule that matches where it allows matches where it denies: doubt makes the one smaller, the other larger."""
    allow, deny = ([{"name": "p", "action": action, "rules": [rule]}] for action in ("allow", "deny"))
    asked = evaluated(request)
    if decide(allow, asked, claims, hops=hops).decision == "allow":
        assert decide(deny, asked, claims, hops=hops).reason == "denied_by_policy"
