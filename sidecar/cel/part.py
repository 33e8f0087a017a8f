"""A part of a checked tree as a tree of its own."""

from sidecar.cel.environment import MATCHES
from sidecar.cel.tree import CheckedExpr, Expr, operands, walk


def part(checked: CheckedExpr, root: Expr) -> CheckedExpr:
    """Return what is under ``root`` as a checked expression, with the references and types that belong to it."""
    alone = CheckedExpr()
    alone.expr.CopyFrom(root)
    for node in walk(alone.expr):
        if node.id in checked.reference_map:
            alone.reference_map[node.id].CopyFrom(checked.reference_map[node.id])
        if node.id in checked.type_map:
            alone.type_map[node.id].CopyFrom(checked.type_map[node.id])
    return alone


def with_kept_patterns(checked: CheckedExpr) -> CheckedExpr:
    """Have ``matches`` done by the function of ours, which keeps its patterns; changes and returns ``checked``."""
    for node in walk(checked.expr):
        if node.call_expr.function != "matches":
            continue
        kept = Expr.Call(function=MATCHES, args=operands(node.call_expr))
        node.call_expr.CopyFrom(kept)
        reference = checked.reference_map[node.id]
        reference.name = MATCHES
        reference.overload_id[:] = [f"{MATCHES}_string_string"]
    return checked
