"""A part of a checked tree as a tree of its own."""

from sidecar.cel.tree import CheckedExpr, Expr, walk


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
