"""A decision and all that led to it, as a tree for people: of what ``explained`` returns, here or in a sidecar."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text
from rich.tree import Tree

#: Characters of a value that are shown.
_LONGEST = 120
_Members = Mapping[str, Any]


def tree(found: _Members) -> Tree:
    """Return a tree: the decision, and each policy with what matches of it and what does not."""
    allowed = found["decision"] == "allow"
    head = Text.assemble(
        ("ALLOW" if allowed else "DENY", "bold green" if allowed else "bold red"),
        f" {found['reason']}: {found['message']}",
        f" ({found['policy']})" if found["policy"] else "",
    )
    root = Tree(head)
    if found["detail"]:
        root.add(Text(found["detail"], "yellow"))
    if not found["policies"]:
        root.add(Text("no policy was looked at", "dim"))
    for one in found["policies"]:
        root.add(_policy(one))
    return root


def _policy(one: _Members) -> Tree:
    scopes = f", scopes {' '.join(one['scopes'])}" if one["scopes"] else ""
    state = "" if one["enforced"] else ", in dry run here"
    found = Tree(_line(f"{one['action']} policy {one['name']}{scopes}{state}", holds=one["matches"]))
    for rule in one["rules"]:
        _add(found, rule)
    return found


def _add(parent: Tree, node: _Members) -> None:
    line = _line(node["label"], holds=node["holds"])
    if node["seen"] or not node["parts"]:
        line.append(f"  <- {_values(node['seen'])}", "cyan")
    child = parent.add(line)
    for part in node["parts"]:
        _add(child, part)


def _line(label: str, *, holds: bool) -> Text:
    return Text.assemble(("\u2713 ", "green") if holds else ("\u2717 ", "red"), (label, "" if holds else "dim"))


def _values(seen: Iterable[str]) -> str:
    shown = [value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…" for value in seen]
    return ", ".join(shown) if shown else "nothing"
