"""A decision and all that led to it, as values that JSON has."""

from collections.abc import Sequence

from sidecar.cases.run import Found, Prepared, run, situation
from sidecar.core.decision import Permit
from sidecar.core.policy.explain import Explained, Node, explain
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.revocation import Denylist
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust

#: HTTP statuses of decisions that policy has made: the others are made before it is asked.
_OF_POLICY = frozenset({200, 403})


def explained(prepared: Prepared, trust: Trust, denylist: Denylist | None = None) -> dict[str, Json]:
    """Check a request, and say which policy, rule and condition decide; raises ``UnansweredError``."""
    found = run(prepared, trust, denylist)
    policies = _policies(prepared, trust) if OUTCOMES[found.decision.reason].status in _OF_POLICY else ()
    return members(found, policies, "" if prepared.token is None else prepared.token.decode("utf-8", "replace"))


def members(found: Found, policies: Sequence[Explained], token: str = "") -> dict[str, Json]:
    """Return it as JSON has it. Where a condition has seen ``token``, it is not shown."""
    decision = found.decision
    return {
        "decision": "allow" if found.allowed else "deny",
        "reason": decision.reason.value,
        "message": OUTCOMES[decision.reason].message,
        "policy": decision.policy,
        "detail": "" if isinstance(decision, Permit) else decision.detail,
        "policies": [
            {
                "name": one.policy.name,
                "action": one.policy.action.value,
                "scopes": [*sorted(one.policy.scopes)],
                "enforced": one.enforced,
                "matches": one.matches,
                "rules": _nodes(one.rules, token),
            }
            for one in policies
        ],
    }


def _policies(prepared: Prepared, trust: Trust) -> tuple[Explained, ...]:
    try:
        return explain(trust.policy, situation(prepared, trust))
    except Refusal:
        return ()  # it never comes to policy; the decision says why


def _nodes(nodes: Sequence[Node], token: str) -> list[Json]:
    return [
        {
            "label": node.label,
            "holds": node.holds,
            "seen": [one.replace(token, "(the token)") if token else one for one in node.seen],
            "parts": _nodes(node.parts, token),
        }
        for node in nodes
    ]
