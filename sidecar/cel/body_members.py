"""The members of the body that an expression names, and bodies in which one of them is spelt in other letters.

Names are compared as they are written. To applications that heed no case in them (Go's encoding/json, ASP.NET)
``{"Admin": true}`` has the member that ``has(request.body.admin)`` does not find, so that whoever writes it so would
walk around a policy. A body that has a named member in another spelling alone has it to one reader and not to another:
that cannot be told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from sidecar.cel.tree import Expr, children, is_text, name_of, operands
from sidecar.cel.variables import BODY, VARIABLES
from sidecar.core.strict_json import uncased

#: Names from the body on; ``None`` stands for each member of a list, or any of a map.
Steps: TypeAlias = tuple[str | None, ...]


class _Where(Enum):
    UNKNOWN = "somewhere in the body"
    ELSEWHERE = "nothing of the body"


_Place: TypeAlias = Steps | _Where
_Scope: TypeAlias = Mapping[str, _Place]
_Tree: TypeAlias = "dict[str | None, _Tree]"

#: Calls that name a member of their first operand by their second: ``a['b']``, ``a[?'b']``, ``a.?b``.
_OF_MEMBERS: Final = frozenset({"_[_]", "_[?_]", "_?._"})
#: Functions that give one of their operands as it is.
_HANDING_ON: Final = frozenset({"dyn", "or", "orValue"})


@dataclass(frozen=True, slots=True)
class BodyMembers:
    """``named`` are those whose place in the body is known, ``anywhere`` the names of those that may be anywhere."""

    named: frozenset[Steps] = frozenset()
    anywhere: frozenset[str] = frozenset()
    _tree: _Tree = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Join the places where they go the same way."""
        tree: _Tree = {}
        for steps in self.named:
            at = tree
            for step in steps:
                at = at.setdefault(step, {})
        object.__setattr__(self, "_tree", tree)

    def joined(self, other: "BodyMembers") -> "BodyMembers":
        """Return what either names."""
        return BodyMembers(self.named | other.named, self.anywhere | other.anywhere)

    def require_as_written(self, body: object) -> None:
        """Raise ``ValueError`` for a body that has one of them in another spelling, and not as it is written."""
        _look(body, self._tree)
        if self.anywhere:
            _look_everywhere(body, self.anywhere)


def body_members(root: Expr) -> BodyMembers:
    """Return what is named under ``root``."""
    found = list(_named(root, {}))
    return BodyMembers(
        frozenset((*place, name) for place, name in found if not isinstance(place, _Where)),
        frozenset(name for place, name in found if place is _Where.UNKNOWN),
    )


def _named(node: Expr, scope: _Scope) -> Iterator[tuple[_Place, str]]:
    """Yield for each member that is named where its map is, and the name."""
    member = _member(node)
    if member is not None:
        yield _place(member[0], scope), member[1]
    for number, child in enumerate(children(node)):
        # The first of a loop is what it goes over: that is outside of it.
        yield from _named(child, scope if number == 0 else _within(node, scope))


def _member(node: Expr) -> tuple[Expr, str] | None:
    """Return of what a member is read, or looked for, and its name; ``None`` for any other node."""
    given, function = operands(node.call_expr), node.call_expr.function
    if node.WhichOneof("expr_kind") == "select_expr":
        return node.select_expr.operand, str(node.select_expr.field)
    if function in _OF_MEMBERS and is_text(given[1]):
        return given[0], str(given[1].const_expr.string_value)
    if function == "@in" and is_text(given[0]):
        return given[1], str(given[0].const_expr.string_value)
    return None


def _place(node: Expr, scope: _Scope) -> _Place:
    """Return where in the body the value of ``node`` is."""
    variable, function = name_of(node), node.call_expr.function
    if variable:
        known = _Where.ELSEWHERE if variable in VARIABLES else _Where.UNKNOWN
        return () if variable == BODY else scope.get(variable, known)
    member = _member(node)
    if member is not None and function != "@in":
        return _below(_place(member[0], scope), member[1])
    given = operands(node.call_expr)
    if function in _OF_MEMBERS:
        return _below(_place(given[0], scope), None)
    found = {_place(child, scope) for child in children(node)} - {_Where.ELSEWHERE}
    if not found:
        return _Where.ELSEWHERE
    return found.pop() if function in _HANDING_ON and len(found) == 1 else _Where.UNKNOWN


def _below(place: _Place, step: str | None) -> _Place:
    return place if isinstance(place, _Where) else (*place, step)


def _within(node: Expr, scope: _Scope) -> _Scope:
    """Return where variables are within a loop."""
    loop = node.comprehension_expr
    if not loop.iter_var:
        return scope
    each = {loop.iter_var: _below(_place(loop.iter_range, scope), None), loop.accu_var: _Where.UNKNOWN}
    return {**scope, **each}


def _look(value: object, tree: _Tree) -> None:
    if isinstance(value, Mapping):
        _require(value, (name for name in tree if name is not None))
        for name, below in tree.items():
            if name is not None and below and name in value:
                _look(value[name], below)
    if each := tree.get(None):
        for one in _members(value):
            _look(one, each)


def _look_everywhere(value: object, names: frozenset[str]) -> None:
    if isinstance(value, Mapping):
        _require(value, names)
    for one in _members(value):
        _look_everywhere(one, names)


def _members(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _require(members: Mapping[str, object], names: Iterable[str]) -> None:
    missing = {uncased(name) for name in names if name not in members}
    if missing and not missing.isdisjoint(map(uncased, members)):
        raise ValueError("a member in another spelling")
