"""What an expression reads, by its tree: variables, names of headers, names of claims."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.cel.body_members import BodyMembers, body_members
from sidecar.cel.error import at
from sidecar.cel.tree import CheckedExpr, Expr, children, is_text, name_of, offset_of, operands, walk
from sidecar.cel.variables import BODY, CLAIMS, CONTEXT, HEADERS, ROOTS, ROUTE, VARIABLES, looks_at
from sidecar.core.policy.model import Looks

#: As conditions on headers have it: Envoy refuses names with "_".
_HEADER_NAME = re.compile(r"[a-z0-9-]+", re.ASCII)
#: How a member is read: ``a['b']``, ``a[?'b']``, ``a.?b``. ``a.b`` is no call.
_OF_MEMBERS = frozenset({"_[_]", "_[?_]", "_?._"})
_FORMS = "request.headers['x-team'], 'x-team' in request.headers or has(request.headers.name)"


@dataclass(frozen=True, slots=True)
class Reads:
    """``claims``, ``context``, ``body`` and ``route`` are names of the first level.

    ``None`` where the map is used as a whole. ``body_members`` are those that are named at any level.
    """

    variables: frozenset[str]
    headers: frozenset[str]
    claims: frozenset[str] | None
    context: frozenset[str] | None
    body: frozenset[str] | None
    route: frozenset[str] | None
    body_members: BodyMembers

    def joined(self, other: "Reads") -> "Reads":
        """Return what either reads."""
        return Reads(
            self.variables | other.variables,
            self.headers | other.headers,
            _either(self.claims, other.claims),
            _either(self.context, other.context),
            _either(self.body, other.body),
            _either(self.route, other.route),
            self.body_members.joined(other.body_members),
        )


class Reading:
    """What an expression tells of what it reads, by its ``reads``."""

    __slots__ = ()
    reads: Reads

    @property
    def variables(self) -> frozenset[str]:
        """Return the names of the variables that it reads."""
        return self.reads.variables

    @property
    def headers(self) -> frozenset[str]:
        """Return the names of the headers that it reads, in lower case."""
        return self.reads.headers

    @property
    def claims(self) -> frozenset[str] | None:
        """Return the names of the claims that it reads, of the first level; ``None`` if it may look at any."""
        return self.reads.claims

    @property
    def looks(self) -> Looks:
        """Return what it looks at."""
        return looks_at(self.reads.variables)


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def refuse_hidden(source: str, checked: CheckedExpr) -> None:
    """Refuse variables of comprehensions that are named like ours; raises ``CelError``.

    Without them, a name in the tree means one thing, wherever it stands.
    """
    for node in walk(checked.expr):
        loop = node.comprehension_expr
        for name in (loop.iter_var, loop.iter_var2):
            if name in ROOTS:
                raise at(
                    source,
                    offset_of(node, checked),
                    f"'{name}' is the name of a variable that is there already; call the element otherwise",
                )


def reads_of(source: str, checked: CheckedExpr, root: Expr) -> Reads:
    """Return what is read under ``root``; raises ``CelError`` for headers in a form whose names cannot be told."""
    variables = frozenset(name for node in walk(root) if (name := name_of(node)) in VARIABLES)
    headers: set[str] = set()
    for member, node in _members(root, HEADERS):
        if member is None:
            raise at(source, offset_of(node, checked), f"headers are read one by one, by name: write {_FORMS}")
        if problem := _wrong_header(member):
            raise at(source, offset_of(node, checked), problem)
        headers.add(member)
    claims, context, body, route = (_names(root, name) for name in (CLAIMS, CONTEXT, BODY, ROUTE))
    members = body_members(root) if BODY in variables else BodyMembers()
    return Reads(variables, frozenset(headers), claims, context, body, route, members)


def _names(root: Expr, variable: str) -> frozenset[str] | None:
    names = [name for name, _ in _members(root, variable)]
    named = frozenset(name for name in names if name is not None)
    return None if None in names else named


def _wrong_header(name: str) -> str:
    if name == "host":
        return "HTTP/2 has no header 'host'; write request.host"
    if _HEADER_NAME.fullmatch(name):
        return ""
    if name.isascii() and _HEADER_NAME.fullmatch(name.lower()):
        return f"names of headers are in lower case here; write '{name.lower()}'"
    return f"no header of the name {name!r} gets here; a name has letters, digits and '-'"


def _members(root: Expr, variable: str) -> Iterable[tuple[str | None, Expr]]:
    """Yield the members of a map that are read, each with its node; ``None`` for a use of the map itself."""
    if name_of(root) == variable:
        yield None, root
    for parent in walk(root):
        for child in children(parent):
            if name_of(child) == variable:
                yield _member(parent, variable), child


def _member(parent: Expr, variable: str) -> str | None:
    if parent.WhichOneof("expr_kind") == "select_expr":
        return str(parent.select_expr.field)
    given = operands(parent.call_expr)
    if parent.call_expr.function in _OF_MEMBERS and name_of(given[0]) == variable and is_text(given[1]):
        return str(given[1].const_expr.string_value)
    if parent.call_expr.function == "@in" and name_of(given[1]) == variable and is_text(given[0]):
        return str(given[0].const_expr.string_value)
    return None
