"""What answers an expression: the library, or what does without it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sidecar.cel.asked import answered, taken_out
from sidecar.cel.direct import direct
from sidecar.cel.environment import Condition, Valued, condition, valued
from sidecar.cel.given import BY_NAME, given_by
from sidecar.cel.part import part
from sidecar.cel.reads import Reads
from sidecar.cel.tree import CheckedExpr, Expr, walk


@dataclass(frozen=True, slots=True)
class Answering:
    """``ask`` answers, given values by the names of variables; raises whatever it does for an error.

    ``library`` is what it has the library answer, given values that were made ready; ``None`` where it does without.
    ``may_join``: whether that may be asked about others at the same time: it counts the turns of all loops together.
    """

    ask: Callable[[Mapping[str, object]], object]
    library: Condition | None
    may_join: bool


def answering(checked: CheckedExpr, root: Expr, reads: Reads) -> Answering:
    """Return what answers for ``root``, which comes to true or false."""
    simple = direct(checked, root, reads, BY_NAME)
    if simple is not None:
        return Answering(simple, None, may_join=False)
    loops = any(node.WhichOneof("expr_kind") == "comprehension_expr" for node in walk(root))
    given, library = given_by(reads, BY_NAME), by_library(checked, root)
    return Answering(lambda values: library(given(values)), library, may_join=not loops)


def by_library(checked: CheckedExpr, root: Expr) -> Condition:
    """Return what has the library answer for ``root``."""
    alone = part(checked, root)
    asked = taken_out(alone)
    return answered(asked, condition(alone))


def valuing(checked: CheckedExpr) -> Valued:
    """Return what has the library give the value of an expression."""
    alone = part(checked, checked.expr)
    asked = taken_out(alone)
    return answered(asked, valued(alone))
