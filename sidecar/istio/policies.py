"""AuthorizationPolicy as one of our policies: names and meaning are the same, but for what is here."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

from sidecar.istio.authorization import AuthorizationPolicy
from sidecar.istio.objects import DRY_RUN
from sidecar.istio.translated import Translated

#: A rule that nothing matches: each request has a method. In an ALLOW policy it closes what is open without one.
_NEVER = {"to": [{"operation": {"notMethods": ["*"]}}]}
_ADDRESSES = frozenset({"source.ip", "remote.ip", "destination.ip"})
_ACCOUNT = "source.serviceAccount"


def policy_of(document: AuthorizationPolicy, name: str, namespace: str) -> Translated | None:
    """Return a policy; ``None`` for one without rules that does nothing, as one that denies has nothing to deny."""
    spec, dry_run = document.spec, document.metadata.annotations.get(DRY_RUN) == "true"
    rules = [_rule(one.model_dump(by_alias=True, exclude_unset=True), namespace) for one in spec.rules]
    if not rules and spec.action != "ALLOW":
        return None
    values: dict[str, object] = {"name": name, "action": spec.action.lower(), "rules": rules or [_NEVER]}
    if dry_run:
        values["dry_run"] = True
    return Translated(
        values,
        {
            (): ("spec",),
            ("name",): ("metadata", "name"),
            ("dry_run",): ("metadata", "annotations", DRY_RUN),
        },
    )


def _rule(rule: dict[str, Any], namespace: str) -> Mapping[str, object]:
    for entry in rule.get("from", ()):
        source = entry["source"]
        for field, values in source.items():
            if field in {"serviceAccounts", "notServiceAccounts"}:
                source[field] = [_account(one, namespace) for one in values]
            elif field.lower().endswith("ipblocks"):
                source[field] = [masked(one) for one in values]
    for condition in rule.get("when", ()):
        for field in {"values", "notValues"} & condition.keys():
            condition[field] = [_rewritten(condition["key"], namespace)(one) for one in condition[field]]
    return rule


def _rewritten(key: str, namespace: str) -> Callable[[str], str]:
    if key in _ADDRESSES:
        return masked
    return (lambda value: _account(value, namespace)) if key == _ACCOUNT else str


def _account(name: str, namespace: str) -> str:
    """Return a service account with its namespace: without one it is in the policy's."""
    return name if "/" in name else f"{namespace}/{name}"


def masked(block: str) -> str:
    """Return a block without bits behind its length, as Envoy reads it; what is none as it is, to be refused."""
    _, _, length = block.partition("/")
    try:
        return str(ip_network(block, strict=False)) if length.isdecimal() else block
    except ValueError:
        return block
