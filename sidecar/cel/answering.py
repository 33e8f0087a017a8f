"""What answers an expression: the library, or what does without it."""

from dataclasses import dataclass

from sidecar.cel.asked import answered, taken_out
from sidecar.cel.direct import direct
from sidecar.cel.environment import Condition, Valued, condition, valued
from sidecar.cel.part import part
from sidecar.cel.tree import CheckedExpr, Expr, walk


@dataclass(frozen=True, slots=True)
class Answering:
    """``run`` answers; raises whatever it does for an error.

    ``may_join``: whether the library has to be asked, and may be asked about others at the same time. It counts the
    turns of all loops together.
    """

    run: Condition
    may_join: bool


def answering(checked: CheckedExpr, root: Expr) -> Answering:
    """Return what answers for ``root``, which comes to true or false."""
    simple = direct(checked, root)
    if simple is not None:
        return Answering(simple, may_join=False)
    loops = any(node.WhichOneof("expr_kind") == "comprehension_expr" for node in walk(root))
    alone = part(checked, root)
    asked = taken_out(alone)
    return Answering(answered(asked, condition(alone)), may_join=not loops)


def valuing(checked: CheckedExpr) -> Valued:
    """Return what gives the value of an expression; raises whatever it does for an error."""
    alone = part(checked, checked.expr)
    asked = taken_out(alone)
    return answered(asked, valued(alone))
