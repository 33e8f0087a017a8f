"""Calls that are answered in Python, before the library is asked: ``inCidr``, and ``matches``, whose pattern is kept.

Each such call is replaced in the tree by a variable, and the variable given the answer. What has no answer (no such
header, no text, no address) is left without a value, which is the error it would have been. Called back from the
library they would do the same, but version 0.1.3 of it never frees what it calls back with.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sidecar.cel.environment import ANSWERS, Program, program
from sidecar.cel.error import CelError
from sidecar.cel.functions import matching, within
from sidecar.cel.part import part
from sidecar.cel.tree import CheckedExpr, Expr, children, is_text, name_of, operands, walk
from sidecar.cel.variables import VARIABLES

T = TypeVar("T")
_ANSWERED: dict[str, Callable[[str], Callable[[str], bool]]] = {"inCidr": within, "matches": matching}


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: the variable that stands for it, what gives the text it is about, and what answers."""

    name: str
    about: Program
    answer: Callable[[str], bool]

    def into(self, data: dict[str, object]) -> None:
        """Put the answer among the values, if there is one."""
        try:
            text = self.about(data)
            if isinstance(text, str):
                data[self.name] = self.answer(text)
        except Exception:  # noqa: BLE001, S110 - no answer is the error that the call comes to
            pass


def answered(asked: tuple[Asked, ...], run: Callable[[Mapping[str, object]], T]) -> Callable[[Mapping[str, object]], T]:
    """Return ``run`` with the answers among the values that it is given."""
    if not asked:
        return run

    def evaluate(values: Mapping[str, object]) -> T:
        data = dict(values)
        for one in asked:
            one.into(data)
        return run(data)

    return evaluate


def may_answer(root: Expr) -> bool:
    """Say whether there are not more calls than may be answered here."""
    return sum(node.call_expr.function in _ANSWERED for node in walk(root)) <= len(ANSWERS)


def calls_in_loops(node: Expr, bound: frozenset[str] = frozenset()) -> Iterator[Expr]:
    """Yield the calls that would be answered here if they were not about an element of a list, or made of one."""
    if node.call_expr.function in _ANSWERED and not _is_answered(node, bound):
        yield node
    for child in children(node):
        yield from calls_in_loops(child, _inside(node, bound))


def _inside(node: Expr, bound: frozenset[str]) -> frozenset[str]:
    loop = node.comprehension_expr
    return bound | {loop.iter_var, loop.accu_var} if loop.iter_var else bound


def _is_answered(call: Expr, bound: frozenset[str]) -> bool:
    return call.call_expr.function in _ANSWERED and not any(
        node.ident_expr.name in bound for node in walk(operands(call.call_expr)[0])
    )


def taken_out(checked: CheckedExpr) -> tuple[Asked, ...]:
    """Replace calls by variables; changes ``checked``. There are no more than ``ANSWERS``."""
    asked: list[Asked] = []
    _take_out(checked.expr, frozenset(), checked, asked)
    return tuple(asked)


def _take_out(node: Expr, bound: frozenset[str], checked: CheckedExpr, asked: list[Asked]) -> None:
    if _is_answered(node, bound):
        text, written = operands(node.call_expr)
        answer = _ANSWERED[node.call_expr.function](written.const_expr.string_value)
        # The library has matches() as well, for those, and no inCidr().
        if any(node.call_expr.function == "inCidr" for node in walk(text)):
            raise CelError("inCidr() within what matches() or inCidr() is about; write two conditions")
        asked.append(Asked(ANSWERS[len(asked)], _about(text, checked), answer))
        node.ident_expr.name = asked[-1].name
        checked.reference_map[node.id].Clear()
        checked.reference_map[node.id].name = asked[-1].name
        return
    for child in children(node):
        _take_out(child, _inside(node, bound), checked, asked)


def _about(text: Expr, checked: CheckedExpr) -> Program:
    path = _path(text)
    return program(part(checked, text)) if path is None else partial(_followed, path)


def _followed(path: tuple[str, ...], data: Mapping[str, object]) -> object:
    """Return the member at ``path``; raises ``LookupError`` or ``TypeError`` where there is none."""
    found: Any = data
    for name in path:
        found = found[name]
    return found


def _path(node: Expr) -> tuple[str, ...] | None:
    """Return a variable's name and the names of the members that lead to ``node``; ``None`` if it is anything else."""
    if (name := name_of(node)) in VARIABLES:
        return (name,)
    if node.WhichOneof("expr_kind") == "select_expr" and not node.select_expr.test_only:
        operand, member = node.select_expr.operand, str(node.select_expr.field)
    elif node.call_expr.function == "_[_]" and is_text(node.call_expr.args[1]):
        operand, member = node.call_expr.args[0], str(node.call_expr.args[1].const_expr.string_value)
    else:
        return None
    before = _path(operand)
    return None if before is None else (*before, member)
