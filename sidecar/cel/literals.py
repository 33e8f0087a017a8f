"""What can be told from the text alone: refused at load, not met as an error by each request."""

from collections.abc import Callable

from sidecar.cel import functions
from sidecar.cel.asked import calls_in_loops, may_answer
from sidecar.cel.environment import ANSWERS, fails
from sidecar.cel.error import CelError, at
from sidecar.cel.part import part
from sidecar.cel.price import PRICES
from sidecar.cel.tree import CheckedExpr, Expr, is_text, offset_of, operands, walk

#: Functions whose second operand has to be written out, and what reads it.
_WRITTEN: dict[str, tuple[str, Callable[[str], object]]] = {
    "matches": ("a regular expression (RE2's)", functions.pattern),
    "inCidr": ("a network", functions.network),
}
_BUILT = "a list is built here, which takes time with the square of its length"
_INSTEAD = "write list.exists(x, A && B) for list.filter(x, A).exists(x, B), and the like for map"


def refuse_wrong(source: str, checked: CheckedExpr) -> None:
    """Look at each call and literal of a tree; raises ``CelError`` for the first that is wrong."""
    for node in walk(checked.expr):
        problem = _problem(node, checked)
        if problem:
            raise at(source, offset_of(node, checked), problem)
    for node in calls_in_loops(checked.expr):
        if node.call_expr.function == "inCidr":
            raise at(source, offset_of(node, checked), "inCidr() cannot be about an element of a list")
    if not may_answer(checked.expr):
        raise CelError(f"more than {len(ANSWERS)} calls of matches() and inCidr(); write several conditions")


def _problem(node: Expr, checked: CheckedExpr) -> str:
    match node.WhichOneof("expr_kind"):
        case "comprehension_expr" if checked.type_map[node.id].WhichOneof("type_kind") == "list_type":
            return f"{_BUILT}; {_INSTEAD}"
        case "struct_expr" if node.struct_expr.message_name:
            return f"{node.struct_expr.message_name} is a message; only maps, such as {{'a': 1}}, can be written here"
        case "call_expr":
            return _wrong_call(node, checked)
    return ""


def _wrong_call(node: Expr, checked: CheckedExpr) -> str:
    name, given = node.call_expr.function, operands(node.call_expr)
    if name not in PRICES:
        there = ", ".join(sorted(one for one in PRICES if one.isalpha()))
        return f"{name}() is not available; there are {there}"
    if name in _WRITTEN:
        return _wrong_written(name, given[1])
    if name.startswith("get") and len(given) > 1:
        return _wrong_zone(node, given[1], checked)
    if name == "replace" and not is_text(given[2]):
        return "what replace() puts in has to be written out: its length bounds that of the result"
    if given and all(one.WhichOneof("expr_kind") == "const_expr" for one in given):
        error = fails(part(checked, node))
        return f"this is always an error: {error}" if error else ""
    return ""


def _wrong_written(name: str, given: Expr) -> str:
    what, read = _WRITTEN[name]
    if not is_text(given):
        return f"{what} has to be written out: who sends the request must not choose it"
    text = given.const_expr.string_value
    try:
        read(text)
    except ValueError as error:
        return f"{name}: {text!r}: {error}"
    return ""


def _wrong_zone(node: Expr, zone: Expr, checked: CheckedExpr) -> str:
    if not is_text(zone):
        return "the time zone has to be written out"
    tried = Expr()
    tried.CopyFrom(node)
    tried.call_expr.target.CopyFrom(_EPOCH)
    if fails(part(checked, tried)):
        return (
            f"there is no time zone {zone.const_expr.string_value!r} on this machine; write 'Europe/Berlin' or '+01:00'"
        )
    return ""


def _epoch() -> Expr:
    epoch = Expr()
    epoch.const_expr.timestamp_value.seconds = 0
    return epoch


_EPOCH = _epoch()
