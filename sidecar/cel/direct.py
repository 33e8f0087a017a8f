"""Answering simple expressions without the library, which takes longer to be asked than they are worth."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from sidecar.cel.found import Found, Ready, Values
from sidecar.cel.given import S, given_by
from sidecar.cel.operand import ANY, BOOL, INT, MAP, OTHER, TEXT, TIME, NotDirectError, Operand, kind_of, require
from sidecar.cel.reads import Reads
from sidecar.cel.shapes import SHAPES
from sidecar.cel.tree import CheckedExpr, Expr, is_text, member_of, name_of, operands, walk
from sidecar.cel.variables import BODY, VARIABLES, Kind

#: Times as they are mostly written, and no finer than those that are given.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
#: These may do without one of their operands.
_LAZY: Final = frozenset({"_&&_", "_||_", "_?_:_"})
_MAPS: Final = frozenset(name for name, one in VARIABLES.items() if one.kind in {Kind.TEXT_MAP, Kind.ANY_MAP})


def direct(
    checked: CheckedExpr, root: Expr, reads: Reads, finders: Mapping[str, Callable[[S], object]]
) -> Callable[[S], object] | None:
    """Return what answers for ``root``, each variable found as ``finders`` say; ``None`` if that takes the library.

    A value that is not taken is an error of all that reads it. So, where something may be left out, all values are made
    ready first; so is the body, which is taken or not as a whole.
    """
    try:
        if BODY not in reads.variables and not any(node.call_expr.function in _LAZY for node in walk(root)):
            return _Builder(checked, Found(finders)).operand(root).run
        run = _Builder(checked, Ready()).operand(root).run
    except NotDirectError:
        return None
    given = given_by(reads, finders)
    return lambda source: run(given(source))


class _Builder:
    def __init__(self, checked: CheckedExpr, values: Values) -> None:
        self._checked = checked
        self._values = values

    def operand(self, node: Expr) -> Operand:
        member = member_of(node)
        if member is not None and member[0] in _MAPS:
            name, key, is_asked = member
            run = self._values.has(name, key) if is_asked else self._values.member(name, key)
            return Operand(run, self._kind(node))
        match node.WhichOneof("expr_kind"):
            case "const_expr":
                return _written(node)
            case "ident_expr":
                require(name_of(node) in VARIABLES)
                return Operand(self._values.variable(name_of(node)), self._kind(node))
            case "select_expr":
                return self._select(node)
            case "list_expr":
                return _list(node)
        require(node.call_expr.function)
        return self._call(node)

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


def _has(value: object, name: str) -> bool:
    if isinstance(value, dict):
        return name in value
    raise TypeError


def _list(node: Expr) -> Operand:
    members = [_written(one) for one in node.list_expr.elements]
    require(len({one.kind for one in members}) == 1 and not node.list_expr.optional_indices)
    return Operand(_never, OTHER, frozenset(one.written for one in members))


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
