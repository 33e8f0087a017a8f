"""A decision and all that led to it, as a tree for people, and as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text
from rich.tree import Tree

from sidecar.cases.run import Found
from sidecar.core.decision import Permit
from sidecar.core.policy.explain import Explained, Node
from sidecar.core.reason import OUTCOMES
from sidecar.core.strict_json import Json

#: Characters of a value that are shown.
_LONGEST = 120


def tree(found: Found, policies: Sequence[Explained]) -> Tree:
    """Return a tree: the decision, what is done, and each policy with what matches of it and what does not."""
    decision, allowed = found.decision, found.allowed
    head = Text.assemble(
        ("ALLOW" if allowed else "DENY", "bold green" if allowed else "bold red"),
        f" {decision.reason.value}: {OUTCOMES[decision.reason].message}",
        f" ({decision.policy})" if decision.policy else "",
    )
    root = Tree(head)
    if not isinstance(decision, Permit) and decision.detail:
        root.add(Text(decision.detail, "red"))
    done = root.add(Text("request and answer" if allowed else f"answer {found.status}"))
    for line in _done(found):
        done.add(Text(line))
    if not policies:
        root.add(Text("no policy was looked at", "dim"))
    for one in policies:
        root.add(_policy(one))
    return root


def members(found: Found, policies: Sequence[Explained]) -> dict[str, Json]:
    """Return the same as JSON."""
    decision = found.decision
    return {
        "decision": "allow" if found.allowed else "deny",
        "reason": decision.reason.value,
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
        "policies": [
            {
                "name": one.policy.name,
                "action": one.policy.action.value,
                "enforced": one.enforced,
                "matches": one.matches,
                "rules": _nodes(one.rules),
            }
            for one in policies
        ],
    }


def _done(found: Found) -> Iterator[str]:
    """Say what becomes of the request, or is answered."""
    whose = "upstream: " if found.allowed else ""
    yield from (f"{whose}{name}: {_shown(value)}" for name, value in found.headers.items())
    if found.removed:
        yield f"upstream, without: {', '.join(found.removed)}"
    yield from (f"query: {name}={_shown(value)}" for name, value in found.query.items())
    if found.query_removed:
        yield f"query, without: {', '.join(found.query_removed)}"
    yield from (f"client: {name}: {_shown(value)}" for name, value in found.client.items())
    for name in ("policy_metadata", "denied_problem"):
        if name in found.metadata:
            yield f"metadata: {name}: {_shown(json.dumps(found.metadata[name]))}"
    if found.body:
        yield f"body: {_shown(found.body.strip())}"


def _policy(one: Explained) -> Tree:
    scopes = f", scopes {' '.join(sorted(one.policy.scopes))}" if one.policy.scopes else ""
    state = "" if one.enforced else ", in dry run here"
    found = Tree(_line(f"{one.policy.action.value} policy {one.policy.name}{scopes}{state}", holds=one.matches))
    for rule in one.rules:
        _add(found, rule)
    return found


def _add(parent: Tree, node: Node) -> None:
    line = _line(node.label, holds=node.holds)
    if node.seen or not node.parts:
        line.append(f"  <- {_values(node.seen)}", "cyan")
    child = parent.add(line)
    for part in node.parts:
        _add(child, part)


def _line(label: str, *, holds: bool) -> Text:
    return Text.assemble(("\u2713 ", "green") if holds else ("\u2717 ", "red"), (label, "" if holds else "dim"))


def _values(seen: Iterable[str]) -> str:
    return ", ".join(map(_shown, seen)) or "nothing"


def _shown(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _nodes(nodes: Sequence[Node]) -> list[Json]:
    return [
        {"label": node.label, "holds": node.holds, "seen": [*node.seen], "parts": _nodes(node.parts)} for node in nodes
    ]
