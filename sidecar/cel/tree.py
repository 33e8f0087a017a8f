"""Walking over the library's checked trees (cel/expr/checked.proto)."""

from collections.abc import Iterator

from sidecar.protos.cel_expr import CheckedExpr, Expr, Type

__all__ = [
    "CheckedExpr",
    "Expr",
    "Type",
    "children",
    "is_text",
    "member_of",
    "name_of",
    "offset_of",
    "operands",
    "walk",
]


def operands(call: Expr.Call) -> list[Expr]:
    """Return what a function is called with, whether written ``f(a, b)`` or ``a.f(b)``."""
    return [call.target, *call.args] if call.HasField("target") else list(call.args)


def children(node: Expr) -> list[Expr]:
    """Return the nodes right under ``node``."""
    match node.WhichOneof("expr_kind"):
        case "call_expr":
            return operands(node.call_expr)
        case "select_expr":
            return [node.select_expr.operand]
        case "list_expr":
            return list(node.list_expr.elements)
        case "struct_expr":
            entries = node.struct_expr.entries
            keys = [one.map_key for one in entries if one.HasField("map_key")]
            return keys + [one.value for one in entries]
        case "comprehension_expr":
            loop = node.comprehension_expr
            return [loop.iter_range, loop.accu_init, loop.loop_condition, loop.loop_step, loop.result]
    return []


def walk(node: Expr) -> Iterator[Expr]:
    """Yield ``node`` and all under it."""
    yield node
    for child in children(node):
        yield from walk(child)


def name_of(node: Expr) -> str:
    """Return the name if ``node`` is a variable, else the empty text. A leading dot (absolute names) is taken off."""
    return node.ident_expr.name.removeprefix(".") if node.WhichOneof("expr_kind") == "ident_expr" else ""


def is_text(node: Expr) -> bool:
    """Say whether ``node`` is a text that is written out."""
    return bool(node.const_expr.WhichOneof("constant_kind") == "string_value")


def member_of(node: Expr) -> tuple[str, str, bool] | None:
    """Return a variable, the name of a member and whether that is only looked for, if ``node`` is such."""
    given = operands(node.call_expr)
    match node.WhichOneof("expr_kind"), node.call_expr.function:
        case "select_expr", _:
            found = node.select_expr.operand, str(node.select_expr.field), node.select_expr.test_only
        case _, "_[_]" if is_text(given[1]):
            found = given[0], str(given[1].const_expr.string_value), False
        case _, "@in" if is_text(given[0]):
            found = given[1], str(given[0].const_expr.string_value), True
        case _:
            return None
    return (name_of(found[0]), *found[1:]) if name_of(found[0]) else None


def offset_of(node: Expr, checked: CheckedExpr) -> int:
    """Return the character of the source at which ``node`` stands: for a call by operator, the operator's."""
    return int(checked.source_info.positions.get(node.id, 0))
