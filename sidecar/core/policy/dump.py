"""A compiled policy set as data: values that JSON has, in an order that depends on nothing but the policies.

It says what a check really looks at: patterns in all their spellings, rules by what they look at, and which of them the
index names for a path.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import cast

from sidecar.core.digest import digest_of
from sidecar.core.policy.describe import texts
from sidecar.core.policy.index import PathIndex
from sidecar.core.policy.match import Values
from sidecar.core.policy.model import Action, Condition, Entry, Operation, PolicySet, Rule, Term
from sidecar.core.strict_json import Json

#: As in ``PolicySet.all``: the order in which they are looked at.
_ORDER = (Action.DENY, Action.ALLOW, Action.AUDIT)
#: What parts of a rule are called in a document.
_NAMES = {"sources": "from", "operations": "to", "conditions": "when"}


def dump(policies: PolicySet) -> dict[str, Json]:
    """Return all of it. Rules have numbers of their own within the set; the index names them by these."""
    found: dict[str, Json] = {
        "digest": digest_of(policies, b"policy").hex(),
        "needs_identity": policies.needs_identity,
        "allows_by_default": policies.allows_by_default,
        "dry_run": policies.dry_run,
        "proxies": cast("Json", policies.proxies._asdict()),
    }
    numbers = iter(range(sum(len(policy.rules) for policy in policies.all)))
    for action in _ORDER:
        chosen = (policy for policy in policies.all if policy.action is action)
        found[action.value] = [
            {**_members(policy), "rules": [{"number": next(numbers), **_rule(rule)} for rule in policy.rules]}
            for policy in chosen
        ]
    found["public"] = [_plain(operation) for operation in policies.public]
    found["cors_preflight"] = [_plain(operation) for operation in policies.cors_preflight]
    found["index"] = {action.value: _index(getattr(policies, f"{action.value}_by_path")) for action in _ORDER}
    return found


def _rule(rule: Rule) -> dict[str, Json]:
    return {"looks_at_request": rule.looks_at_request, **_members(rule)}


def _index(index: PathIndex[Entry]) -> Json:
    exact, under, anywhere = index.tables()
    tables = {"exact": exact, "under": under}
    found: dict[str, Json] = {
        name: {path: [one.number for one in entries] for path, entries in sorted(table.items())}
        for name, table in tables.items()
    }
    return {**found, "anywhere": [one.number for one in anywhere]}


def _members(value: object) -> dict[str, Json]:
    """Return the fields of a dataclass, without those that are made of others, are empty, or are told elsewhere."""
    found = {}
    for one in fields(cast("type", value)):
        inner = getattr(value, one.name)
        if one.compare and one.name not in {"rules", "action"} and inner is not None and inner != ():
            found[_NAMES.get(one.name, one.name)] = _plain(inner)
    return found


def _plain(value: object) -> Json:  # noqa: PLR0911 - a kind a line
    if isinstance(value, Values):
        sets = {"values": value.values, "not_values": value.not_values}
        return {name: [*texts(one)] for name, one in sets.items() if one is not None}
    if isinstance(value, Condition):
        key = value.kind.value + "".join(f"[{name}]" for name in value.path)
        return {"key": key, **cast("dict[str, Json]", _plain(value.values))}
    if isinstance(value, Operation):
        named = ((one.name, getattr(value, one.name)) for one in fields(value))
        return {name: _plain(each) for name, each in named if not each.is_open}
    if _is_term(value):
        return _term(cast("Term", value))
    if isinstance(value, Enum):
        return cast("Json", value.value)
    if is_dataclass(value):
        return _members(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return cast("Json", value if isinstance(value, str | int | float | bool | None) else str(value))


def _is_term(value: object) -> bool:
    return all(hasattr(value, name) for name in ("text", "variables", "headers", "claims"))


def _term(term: Term) -> Json:
    claims: dict[str, Json] = {} if term.claims is None else {"claims": [*sorted(term.claims)]}
    return {
        "cel": term.text,
        "looks": term.looks.name.lower(),
        "variables": [*sorted(term.variables)],
        "headers": [*sorted(term.headers)],
        **claims,
    }
