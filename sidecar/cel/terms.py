"""Taking an expression apart at its outermost ``&&``: the tree says where, the text is cut there.

``a && (b && c)`` has three terms. "And" is commutative in CEL, errors included (false wins over an error), so that
terms may be looked at one by one, in any order.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from sidecar.cel.tree import CheckedExpr, Expr, offset_of

_QUOTED = "|".join(
    f"(?:[rR][bB]?|[bB][rR]){quote}{raw}{quote}|[bB]?{quote}{plain}{quote}"
    for quote, raw, plain in (
        ('"""', r"[\s\S]*?", r"(?:\\[\s\S]|[\s\S])*?"),
        ("'''", r"[\s\S]*?", r"(?:\\[\s\S]|[\s\S])*?"),
        ('"', r'[^"\n\r]*', r'(?:\\.|[^"\\\n\r])*'),
        ("'", r"[^'\n\r]*", r"(?:\\.|[^'\\\n\r])*"),
    )
)
#: Comments, white space, texts, names in back quotes, and whatever else, a name or a character at a time.
_TOKEN = re.compile(rf"(?P<skipped>//[^\n]*|\s+)|{_QUOTED}|`[^`\n]*`|\w+|&&|[\s\S]")


def roots(checked: CheckedExpr) -> list[Expr]:
    """Return the terms' nodes, in the order they are written in."""
    return [node for node, _ in _spine(checked.expr)]


def texts(source: str, checked: CheckedExpr) -> list[str]:
    """Return the terms' texts, in the same order, without comments and with single spaces."""
    return _cut(source, {offset_of(operator, checked) for _, operator in _spine(checked.expr) if operator is not None})


def text_of(source: str) -> str:
    """Return the text of all of an expression in the same way."""
    return _cut(source, set())[0]


def _cut(source: str, cuts: AbstractSet[int]) -> list[str]:
    cut: list[list[str]] = [[]]
    for part in _TOKEN.finditer(source):
        if part.start() in cuts:
            cut.append([])
        else:
            cut[-1].append(" " if part["skipped"] else part[0])
    return [_without_parentheses(parts) for parts in cut]


def _spine(node: Expr) -> Iterator[tuple[Expr, Expr | None]]:
    """Yield each term with the operator after it."""
    if node.call_expr.function != "_&&_":
        yield node, None
        return
    left, right = node.call_expr.args
    *most, (last, _) = _spine(left)
    yield from most
    yield last, node
    yield from _spine(right)


def _without_parentheses(parts: list[str]) -> str:
    """Join the parts, without the parentheses that are closed, or opened, in another term, and those around it all."""
    opened: list[int] = []
    partner: dict[int, int] = {}
    for place, part in enumerate(parts):
        if part == "(":
            opened.append(place)
        elif part == ")" and opened:
            partner[opened.pop()] = place
    paired = {*partner, *partner.values()}
    kept = [place for place, part in enumerate(parts) if part not in {"(", ")"} or place in paired]
    kept = _stripped(kept, parts)
    while len(kept) > 1 and partner.get(kept[0]) == kept[-1]:
        kept = _stripped(kept[1:-1], parts)
    return "".join(parts[place] for place in kept)


def _stripped(kept: list[int], parts: list[str]) -> list[int]:
    """Take white space off both ends, and all but one of several in a row."""
    single = [one for one, before in zip(kept, [None, *kept], strict=False) if not _doubled(one, before, parts)]
    while single and parts[single[-1]] == " ":
        single.pop()
    return single


def _doubled(one: int, before: int | None, parts: list[str]) -> bool:
    return parts[one] == " " and (before is None or parts[before] == " ")
