"""What a policy document decides, written down as plainly as possible: a second opinion on ``sidecar.core.policy``.

Written from the semantics alone: Istio's reference of AuthorizationPolicy and its condition table, and docs/policy.md
where ours is stricter. It takes nothing from the product. No index, no cache, no classes: dictionaries as they stand in
a configuration, looked through from the first to the last. In path mode ``reject``; CEL conditions are left out.

1. A request that is neither public nor has an identity is denied before policies are looked at.
2. The first deny policy that matches denies. Then what is public passes. Then the first allow policy that matches, and
   whose scopes are there, allows. If one matched but for its scopes: ``insufficient_scope``; else ``no_policy_allows``.
3. A policy matches if one of its rules does; a rule if one of its sources AND one of its operations AND all of its
   conditions do, where a part that is left out matches everything.
4. Where a request can be read in several ways, and where something is not known, deny and audit rules match if they do
   in any way, allow rules and public operations if they do in every way. It is so for each field by itself.
5. Policies in dry run are left out of the decision. What it would have been with them is told if it is another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy.attributes import values_of
from policy.patterns import MATCHERS, Matcher, is_text_matched

#: Of a source: the condition key that says the same.
_SOURCE_KEYS = {
    "principals": "source.principal",
    "namespaces": "source.namespace",
    "serviceAccounts": "source.serviceAccount",
    "requestPrincipals": "request.auth.principal",
    "ipBlocks": "source.ip",
    "remoteIpBlocks": "remote.ip",
}
_OPERATION_FIELDS = ("hosts", "ports", "methods", "paths")


@dataclass(frozen=True)
class Decision:
    """``allow`` or ``deny``, why (docs/reasons.md), and by which policy."""

    decision: str
    reason: str
    policy: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What is decided and told. ``dry_run`` is ``None`` where it would have been the same."""

    decision: str
    reason: str
    policy: str | None
    audited: tuple[str, ...]
    dry_run: Decision | None


@dataclass(frozen=True)
class _Asked:
    request: Mapping[str, Any]
    claims: Mapping[str, Any] | None
    hops: int


def decide(
    policies: Sequence[dict[str, Any]],
    request: Mapping[str, Any],
    identity: Mapping[str, Any] | None,
    *,
    hops: int,
    public: Sequence[dict[str, Any]] = (),
) -> Outcome:
    """Decide on ``request``, of the form that ``policy.cases.evaluated`` makes.

    ``policies`` and ``public`` are what stands in a configuration. ``identity`` is the verified token's claims;
    ``None`` without a token. ``hops`` is ``request.xff_num_trusted_hops``.
    """
    is_public = any(_operation_matches(one, _Asked(request, None, hops), eager=False) for one in public)
    if identity is None and not is_public:
        return Outcome("deny", "no_credential", None, (), None)
    # On a public path no token is looked at.
    asked = _Asked(request, None if is_public else identity, hops)
    enforced = [one for one in policies if _is_enforced(one)]
    taken = _decide(enforced, asked, is_public=is_public)
    would_be = _decide(policies, asked, is_public=is_public)
    audited = tuple(one["name"] for one in enforced if one["action"] == "audit" and _policy_matches(one, asked))
    dry_run = None if would_be == taken else would_be
    return Outcome(taken.decision, taken.reason, taken.policy, audited, dry_run)


def matches(policy: Mapping[str, Any], request: Mapping[str, Any], claims: Mapping[str, Any] | None, hops: int) -> bool:
    """Say whether one policy matches, whatever becomes of it."""
    return _policy_matches(policy, _Asked(request, claims, hops))


def _is_enforced(policy: Mapping[str, Any]) -> bool:
    percent = policy.get("enforce_percent", 100)
    if percent not in {0, 100}:
        raise ValueError("whom a share is for is no matter of semantics: only 0 and 100 are decided here")
    return percent == 100 and not policy.get("dry_run", False)


def _decide(policies: Iterable[Mapping[str, Any]], asked: _Asked, *, is_public: bool) -> Decision:
    matching = [one for one in policies if _policy_matches(one, asked)]
    for policy in matching:
        if policy["action"] == "deny":
            return Decision("deny", "denied_by_policy", policy["name"])
    if is_public:
        return Decision("allow", "public_path")
    scopes = _scopes(asked.claims or {})
    allowing = [one for one in matching if one["action"] == "allow"]
    for policy in allowing:
        if scopes.issuperset(policy.get("scopes", [])):
            return Decision("allow", "allowed", policy["name"])
    if allowing:
        return Decision("deny", "insufficient_scope", allowing[0]["name"])
    return Decision("deny", "no_policy_allows")


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    members = (
        value.split(" ") if isinstance(value, str) else value for value in (claims.get("scope"), claims.get("scp"))
    )
    return {scope for each in members for scope in each or ()}


def _policy_matches(policy: Mapping[str, Any], asked: _Asked) -> bool:
    eager = policy["action"] != "allow"
    return any(_rule_matches(rule, asked, eager=eager) for rule in policy["rules"])


def _rule_matches(rule: Mapping[str, Any], asked: _Asked, *, eager: bool) -> bool:
    sources = [_source_matches(one["source"], asked, eager=eager) for one in rule.get("from", [])]
    operations = [_operation_matches(one["operation"], asked, eager=eager) for one in rule.get("to", [])]
    conditions = [_condition_matches(one, asked, eager=eager) for one in rule.get("when", [])]
    return (any(sources) or not sources) and (any(operations) or not operations) and all(conditions)


def _source_matches(source: Mapping[str, Any], asked: _Asked, *, eager: bool) -> bool:
    return all(
        _field_matches(key, source.get(name), source.get(_negated(name)), asked, eager=eager)
        for name, key in _SOURCE_KEYS.items()
    )


def _operation_matches(operation: Mapping[str, Any], asked: _Asked, *, eager: bool) -> bool:
    return all(
        _field_matches(name, operation.get(name), operation.get(_negated(name)), asked, eager=eager)
        for name in _OPERATION_FIELDS
    )


def _condition_matches(condition: Mapping[str, Any], asked: _Asked, *, eager: bool) -> bool:
    if "cel" in condition:
        raise ValueError("CEL is not evaluated here")
    return _field_matches(condition["key"], condition.get("values"), condition.get("notValues"), asked, eager=eager)


def _negated(name: str) -> str:
    return f"not{name[0].upper()}{name[1:]}"


def _field_matches(
    key: str, values: Sequence[Any] | None, not_values: Sequence[Any] | None, asked: _Asked, *, eager: bool
) -> bool:
    """Say whether one of ``values`` matches, and none of ``not_values``; ``None`` restricts nothing.

    ``eager`` is whether the rule is to match where that is in doubt. What ``notValues`` match keeps a rule from
    matching, so there the doubt goes the other way.
    """
    readings = values_of(key, asked.request, asked.claims, asked.hops)
    matcher = MATCHERS.get(key, is_text_matched)
    return (values is None or _some_match(readings, values, matcher, eager=eager)) and (
        not_values is None or not _some_match(readings, not_values, matcher, eager=not eager)
    )


def _some_match(
    readings: list[tuple[str, ...]] | None, patterns: Sequence[Any], matcher: Matcher, *, eager: bool
) -> bool:
    if readings is None:
        return eager
    found = [
        any(matcher(str(pattern), value, eager=eager) for pattern in patterns for value in reading)
        for reading in readings
    ]
    return any(found) if eager else all(found)
