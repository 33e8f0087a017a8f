"""A decision and all that led to it, as a tree for people, and as JSON."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from rich.tree import Tree

from sidecar.core.decision import Decision, Permit
from sidecar.core.policy.explain import Explained, Node
from sidecar.core.reason import OUTCOMES
from sidecar.core.strict_json import Json

#: Characters of a value that are shown.
_LONGEST = 120


def tree(decision: Decision, policies: Sequence[Explained]) -> Tree:
    """Return a tree: the decision, and each policy with what matches of it and what does not."""
    allowed = isinstance(decision, Permit)
    head = Text.assemble(
        ("ALLOW" if allowed else "DENY", "bold green" if allowed else "bold red"),
        f" {decision.reason.value}: {OUTCOMES[decision.reason].message}",
        f" ({decision.policy})" if decision.policy else "",
    )
    root = Tree(head)
    if not policies:
        root.add(Text("no policy was looked at", "dim"))
    for one in policies:
        root.add(_policy(one))
    return root


def members(decision: Decision, policies: Sequence[Explained]) -> dict[str, Json]:
    """Return the same as JSON."""
    return {
        "decision": "allow" if isinstance(decision, Permit) else "deny",
        "reason": decision.reason.value,
        "policy": decision.policy,
        "detail": "" if isinstance(decision, Permit) else decision.detail,
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
    shown = [value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…" for value in seen]
    return ", ".join(shown) if shown else "nothing"


def _nodes(nodes: Sequence[Node]) -> list[Json]:
    return [
        {"label": node.label, "holds": node.holds, "seen": [*node.seen], "parts": _nodes(node.parts)} for node in nodes
    ]
