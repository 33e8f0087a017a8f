"""A decision and all that led to it, as a tree for people: of what ``explained`` returns, here or in a sidecar."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text
from rich.tree import Tree

#: Characters of a value that are shown.
_LONGEST = 120
_Members = Mapping[str, Any]


def tree(found: _Members) -> Tree:
    """Return a tree: the decision, what is done, and each policy with what matches of it and what does not."""
    allowed = found["decision"] == "allow"
    head = Text.assemble(
        ("ALLOW" if allowed else "DENY", "bold green" if allowed else "bold red"),
        f" {found['reason']}: {found['message']}",
        f" ({found['policy']})" if found["policy"] else "",
    )
    root = Tree(head)
    if found["detail"]:
        root.add(Text(found["detail"], "red"))
    done = root.add(Text("request and answer" if allowed else f"answer {found['status']}"))
    for line in _done(found, allowed=allowed):
        done.add(Text(line))
    if found["hooks_not_asked"]:
        root.add(Text(f"hooks were not asked: {', '.join(found['hooks_not_asked'])}", "yellow"))
    if not found["policies"]:
        root.add(Text("no policy was looked at", "dim"))
    for one in found["policies"]:
        root.add(_policy(one))
    return root


def _done(found: _Members, *, allowed: bool) -> Iterator[str]:
    """Say what becomes of the request, or is answered."""
    whose = "upstream: " if allowed else ""
    yield from (f"{whose}{name}: {_shown(value)}" for name, value in found["headers"].items())
    if found["removed"]:
        yield f"upstream, without: {', '.join(found['removed'])}"
    yield from (f"query: {name}={_shown(value)}" for name, value in found["query"].items())
    if found["query_removed"]:
        yield f"query, without: {', '.join(found['query_removed'])}"
    yield from (f"client: {name}: {_shown(value)}" for name, value in found["client"].items())
    for name in ("policy_metadata", "denied_problem"):
        if name in found["metadata"]:
            yield f"metadata: {name}: {_shown(json.dumps(found['metadata'][name]))}"
    if found["body"]:
        yield f"body: {_shown(found['body'].strip())}"


def _policy(one: _Members) -> Tree:
    scopes = f", scopes {' '.join(one['scopes'])}" if one["scopes"] else ""
    state = "" if one["enforced"] else ", in dry run here"
    line = _line(f"{one['action']} policy {one['name']}{scopes}{state}", holds=one["matches"])
    found = Tree(_placed(line, one))
    for rule in one["rules"]:
        _add(found, rule)
    return found


def _add(parent: Tree, node: _Members) -> None:
    line = _placed(_line(node["label"], holds=node["holds"]), node)
    if node["seen"] or not node["parts"]:
        line.append(f"  <- {_values(node['seen'])}", "cyan")
    child = parent.add(line)
    for part in node["parts"]:
        _add(child, part)


def _placed(line: Text, node: _Members) -> Text:
    """Add where it is written, if that is known."""
    return line.append(f" ({node['place']})", "dim") if node.get("place") else line


def _line(label: str, *, holds: bool) -> Text:
    return Text.assemble(("\u2713 ", "green") if holds else ("\u2717 ", "red"), (label, "" if holds else "dim"))


def _values(seen: Iterable[str]) -> str:
    return ", ".join(map(_shown, seen)) or "nothing"


def _shown(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
