"""A decision and all that led to it, as values that JSON has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sidecar.cases.run import Found, Prepared, run, situation
from sidecar.core.decision import Permit
from sidecar.core.policy.explain import Explained, Node, explain
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.revocation import Denylist
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.loading.places import NOWHERE, Places, Written

#: HTTP statuses of what a check ends with before policy is asked, where a token that is known is no good.
_BEFORE_POLICY = frozenset({401, 503})
#: Characters that are told of what one condition has seen: thousands of conditions may look at one large header.
_MOST_SEEN, _EACH = 1024, 16  # and what each value takes beside its own
_HIDDEN = "(the token)"


def explained(
    prepared: Prepared, trust: Trust, denylist: Denylist | None = None, places: Places = NOWHERE
) -> dict[str, Json]:
    """Check a request, and say which policy, rule and condition decide; raises ``UnansweredError``.

    Where something has seen the token, it is not shown. Hooks are not asked, since asking them may do something; they
    are named.
    """
    hooks: list[Json] = [hook.name for hook in trust.hooks]
    trust = replace(trust, hooks=())
    found = run(prepared, trust, denylist)
    policies = () if OUTCOMES[found.decision.reason].status in _BEFORE_POLICY else _policies(prepared, trust)
    token = None if prepared.token is None else prepared.token.decode("utf-8", "replace")
    told = {**members(found, policies, token, places), "hooks_not_asked": hooks}
    return told if token is None else {name: _without(token, value) for name, value in told.items()}


def members(
    found: Found, policies: Sequence[Explained], token: str | None = None, places: Places = NOWHERE
) -> dict[str, Json]:
    """Return it as JSON has it. ``token`` is not to be seen where what was seen is cut."""
    decision = found.decision
    return {
        "decision": "allow" if found.allowed else "deny",
        "reason": decision.reason.value,
        "message": OUTCOMES[decision.reason].message,
        "policy": decision.policy,
        "detail": "" if isinstance(decision, Permit) else decision.detail,
        "status": found.status,
        "headers": dict(found.headers),
        "removed": list(found.removed),
        "client": dict(found.client),
        "query": dict(found.query),
        "query_removed": list(found.query_removed),
        "metadata": dict(found.metadata),
        "body": found.body,
        "policies": [_policy(one, token, places.get(one.policy.name)) for one in policies],
    }


def _policy(one: Explained, token: str | None, written: Written | None) -> dict[str, Json]:
    """Return one; ``place`` is where it is written, and each of its rules, ``None`` where that is not known."""
    placed = dict(enumerate(() if written is None else written.rules))
    return {
        "name": one.policy.name,
        "place": None if written is None else written.policy,
        "action": one.policy.action.value,
        "scopes": [*sorted(one.policy.scopes)],
        "enforced": one.enforced,
        "matches": one.matches,
        "rules": [{**rule, "place": placed.get(number)} for number, rule in enumerate(_nodes(one.rules, token))],
    }


def _policies(prepared: Prepared, trust: Trust) -> tuple[Explained, ...]:
    try:
        return explain(trust.policy, situation(prepared, trust))
    except Refusal:
        return ()  # it never comes to policy; the decision says why


def _nodes(nodes: Sequence[Node], token: str | None) -> list[dict[str, Json]]:
    return [
        {
            "label": node.label,
            "holds": node.holds,
            "seen": [*_seen(node.seen, token)],
            "parts": [*_nodes(node.parts, token)],
        }
        for node in nodes
    ]


def _seen(values: Sequence[str], token: str | None) -> Iterator[str]:
    left = _MOST_SEEN
    for value in values:
        if left <= 0:
            yield "…"
            return
        # First of all: half a token is one still.
        text = value if token is None else value.replace(token, _HIDDEN)
        yield text if len(text) <= left else f"{text[:left]}…"
        left -= len(text) + _EACH


def _without(token: str, value: Json) -> Json:
    if isinstance(value, str):
        return value.replace(token, _HIDDEN)
    if isinstance(value, list):
        return [_without(token, one) for one in value]
    if isinstance(value, dict):
        return {name: _without(token, one) for name, one in value.items()}
    return value
