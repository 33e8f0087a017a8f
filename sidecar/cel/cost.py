"""How long an expression may take, with the longest values there can be.

A bound by the tree, as cel-go and Kubernetes have it: each node has a price by the sizes of its operands. A loop costs
what its body does, over the list that is worst: f(v) being the body's price for an element of v bytes, and the elements
having T bytes together, n elements cost at most n·f(0) + f(T) - f(0), since f grows at least as fast as its argument
(it is a sum of products without minus). The library ends an evaluation after 10000 turns of all its loops together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sidecar.cel.error import CelError
from sidecar.cel.functions import pattern
from sidecar.cel.price import NODE, PRICES, SMALL, Size
from sidecar.cel.reads import Reads
from sidecar.cel.tree import CheckedExpr, Expr, children, name_of, operands
from sidecar.cel.variables import CLAIMS_BYTES, TEXTS_LENGTH, VARIABLES, Kind

#: Nanoseconds an expression may take at worst.
MOST: Final = 60e6
#: Loops in loops: two lists held against each other.
MAX_NESTING: Final = 2
_TURNS: Final = 10_000.0
#: Each byte of a text, for each instruction of a pattern.
_MATCHED: Final = 30.0
#: Where a pattern is not kept, the library compiles it anew for each text: so much, and so much for each instruction.
_COMPILED: Final = (15_000.0, 3000.0)
#: Each byte of claims, as JSON, that the library is given.
_HANDED_OVER: Final = 200.0
#: Taking a value out, of the largest there can be: members are counted, and it ends where they are too many.
_OUT: Final = 10e6
#: Each member of a list in JSON takes two bytes at least, its comma included.
_MEMBER: Final = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of evaluating a node once: the value's size, nanoseconds outside of loops within it, in them, and their limit."""

    value: Size
    flat: float
    looped: float = 0.0
    limit: float = 0.0


def refuse_costly(checked: CheckedExpr, reads: Sequence[Reads], *, is_taken_out: bool = False) -> None:
    """Refuse a tree that may take too long; raises ``CelError``.

    ``reads`` are what each of its terms reads. ``is_taken_out``: whether what it comes to is made a value of
    Python's.
    """
    if _nesting(checked.expr) > MAX_NESTING:
        raise CelError(f"loops in loops in loops: {MAX_NESTING} levels at most; write several conditions")
    maps = [one.claims for one in reads], [one.body for one in reads]
    nanoseconds = nanoseconds_of(checked) + sum(map(_handed_over, maps)) + (_OUT if is_taken_out else 0.0)
    if nanoseconds > MOST:
        raise CelError(
            f"may take {nanoseconds / 1e6:.0f} ms with the longest values there can be, {MOST / 1e6:.0f} at most: "
            "look at shorter values (one header, one claim), hold lists against lists that are written out, "
            "or write shorter patterns"
        )


def nanoseconds_of(checked: CheckedExpr) -> float:
    """Return how long a tree may take."""
    cost = _cost(checked.expr, {}, checked)
    return cost.flat + min(cost.looped, cost.limit)


def _handed_over(read: Sequence[frozenset[str] | None]) -> float:
    """Return what it takes to look through a map and to copy it: all of its bytes may be in the member most read."""
    named = Counter(name for names in read if names is not None for name in names)
    times = read.count(None) + max(named.values(), default=0)
    return times * CLAIMS_BYTES * _HANDED_OVER


def _nesting(node: Expr) -> int:
    below = max(map(_nesting, children(node)), default=0)
    return below + bool(node.WhichOneof("expr_kind") == "comprehension_expr")


def _cost(node: Expr, loops: Mapping[str, Size], checked: CheckedExpr) -> Cost:
    match node.WhichOneof("expr_kind"):
        case "ident_expr":
            name = node.ident_expr.name
            return Cost(loops.get(name) or _variable(name_of(node)), NODE)
        case "const_expr":
            return Cost(_constant(node), NODE)
        case "call_expr":
            return _call(node, loops, checked)
        case "comprehension_expr":
            return _loop(node.comprehension_expr, loops, checked)
        case "select_expr":
            inner = _cost(node.select_expr.operand, loops, checked)
            return Cost(_typed(node, inner.value, checked), inner.flat + NODE, inner.looped, inner.limit)
    return _container(node, loops, checked)


def _call(node: Expr, loops: Mapping[str, Size], checked: CheckedExpr) -> Cost:
    given = operands(node.call_expr)
    costs = [_cost(one, loops, checked) for one in given]
    values = [one.value for one in costs]
    time, size = PRICES[node.call_expr.function]
    flat = NODE + time(values) + sum(one.flat for one in costs)
    if node.call_expr.function == "matches":
        flat += _matched(values[0].size, given[1].const_expr.string_value, is_kept=not loops)
    bytes_ = size(values)
    value = _typed(node, Size(bytes_, max(bytes_ / _MEMBER, *(one.count for one in values))), checked)
    return _with(value, flat, costs)


def _matched(size: float, regex: str, *, is_kept: bool) -> float:
    program = float(pattern(regex).programsize)
    return size * _MATCHED * program + (0.0 if is_kept else _COMPILED[0] + _COMPILED[1] * program)


def _container(node: Expr, loops: Mapping[str, Size], checked: CheckedExpr) -> Cost:
    costs = [_cost(one, loops, checked) for one in children(node)]
    size = _MEMBER + sum(one.value.size + _MEMBER for one in costs)
    return _with(Size(size, float(len(costs))), NODE + sum(one.flat + NODE for one in costs), costs)


def _loop(loop: Expr.Comprehension, loops: Mapping[str, Size], checked: CheckedExpr) -> Cost:
    over = _cost(loop.iter_range, loops, checked)
    turns = min(over.value.count, _TURNS)
    least = _turn(loop, Size(0.0, 0.0), loops, checked)
    most = _turn(loop, over.value, loops, checked)
    flat = turns * least.flat + most.flat - least.flat
    inner = turns * least.looped + most.looped - least.looped
    return Cost(
        Size(SMALL, 1.0, is_text=True),
        over.flat + NODE,
        over.looped + flat + min(inner, most.limit),
        over.limit + _TURNS * most.flat + most.limit,
    )


def _turn(loop: Expr.Comprehension, element: Size, loops: Mapping[str, Size], checked: CheckedExpr) -> Cost:
    inside = {**loops, loop.iter_var: element, loop.accu_var: Size(SMALL, 1.0, is_text=True)}
    parts = [_cost(one, inside, checked) for one in (loop.loop_condition, loop.loop_step)]
    return _with(Size(SMALL, 1.0), sum(one.flat for one in parts), parts)


def _with(value: Size, flat: float, costs: list[Cost]) -> Cost:
    return Cost(value, flat, sum(one.looped for one in costs), sum(one.limit for one in costs))


def _typed(node: Expr, value: Size, checked: CheckedExpr) -> Size:
    """Return the size with what the type says: a number is small, a text is nothing but a text."""
    kind = checked.type_map[node.id]
    primitive = kind.WhichOneof("type_kind") == "primitive"
    if primitive and kind.primitive != kind.STRING:
        return Size(min(value.size, SMALL), 1.0, is_text=True)
    return Size(value.size, value.count, is_text=primitive)


def _constant(node: Expr) -> Size:
    is_text = node.const_expr.WhichOneof("constant_kind") == "string_value"
    size = float(len(node.const_expr.string_value.encode())) if is_text else SMALL
    return Size(size, size, is_text=True)


def _variable(name: str) -> Size:
    one = VARIABLES.get(name)
    if one is None:  # a type's name, such as int
        return Size(SMALL, 1.0, is_text=True)
    longest = float(one.longest)
    match one.kind:
        case Kind.TEXT:
            return Size(longest, longest, is_text=True)
        case Kind.TEXTS:
            return Size(float(TEXTS_LENGTH), longest)
        case Kind.NUMBER | Kind.TIME:
            return Size(SMALL, 1.0, is_text=True)
    return Size(longest, longest / _MEMBER)
