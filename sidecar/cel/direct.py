"""Answering simple expressions without the library, which takes longer to be asked than they are worth."""

import re
from datetime import UTC, datetime
from operator import itemgetter
from typing import Final

from sidecar.cel.operand import ANY, BOOL, INT, MAP, OTHER, TEXT, TIME, NotDirectError, Operand, Run, kind_of, require
from sidecar.cel.shapes import SHAPES
from sidecar.cel.tree import CheckedExpr, Expr, is_text, name_of, operands
from sidecar.cel.variables import VARIABLES

#: Times as they are mostly written, and no finer than those that are given.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def direct(checked: CheckedExpr, root: Expr) -> Run | None:
    """Return what answers for ``root``, given values by name; ``None`` if that takes the library."""
    try:
        return _Builder(checked).operand(root).run
    except NotDirectError:
        return None


class _Builder:
    def __init__(self, checked: CheckedExpr) -> None:
        self._checked = checked

    def operand(self, node: Expr) -> Operand:
        match node.WhichOneof("expr_kind"):
            case "const_expr":
                return _written(node)
            case "ident_expr":
                require(name_of(node) in VARIABLES)
                return Operand(itemgetter(name_of(node)), self._kind(node))
            case "select_expr":
                return self._select(node)
            case "list_expr":
                return self._list(node)
            case "call_expr":
                return self._call(node)
        raise NotDirectError

    def _kind(self, node: Expr) -> str:
        return kind_of(self._checked.type_map[node.id])

    def _call(self, node: Expr) -> Operand:
        name, given = node.call_expr.function, operands(node.call_expr)
        if name == "timestamp":
            return _time(given[0])
        require(name in SHAPES)
        return Operand(SHAPES[name]([self.operand(one) for one in given]), self._kind(node))

    def _select(self, node: Expr) -> Operand:
        operand, name = self.operand(node.select_expr.operand), str(node.select_expr.field)
        require(operand.is_one_of(MAP, ANY))
        run = operand.run
        if node.select_expr.test_only:
            return Operand(lambda values: _has(run(values), name), BOOL)
        return Operand(lambda values: run(values)[name], self._kind(node))

    def _list(self, node: Expr) -> Operand:
        members = [_written(one) for one in node.list_expr.elements]
        require(len({one.kind for one in members}) == 1 and not node.list_expr.optional_indices)
        return Operand(_never, OTHER, frozenset(one.written for one in members))


def _has(value: object, name: str) -> bool:
    if isinstance(value, dict):
        return name in value
    raise TypeError


def _never(_: object) -> object:
    raise TypeError("a list that is written out is only looked through")


def _written(node: Expr) -> Operand:
    one = node.const_expr
    which = one.WhichOneof("constant_kind")
    if which == "string_value":
        return _constant(one.string_value, TEXT)
    if which == "int64_value":
        return _constant(one.int64_value, INT)
    require(which == "bool_value")
    return _constant(one.bool_value, BOOL)


def _constant(value: object, kind: str) -> Operand:
    return Operand(lambda _: value, kind, value)


def _time(node: Expr) -> Operand:
    require(is_text(node) and _TIME.fullmatch(node.const_expr.string_value))
    try:
        return _constant(datetime.fromisoformat(node.const_expr.string_value).astimezone(UTC), TIME)
    except (ValueError, OverflowError):
        raise NotDirectError from None
