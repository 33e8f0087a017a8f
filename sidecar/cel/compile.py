"""From a text to terms."""

from sidecar.cel.asked import taken_out
from sidecar.cel.cost import refuse_costly
from sidecar.cel.environment import LibraryError, check, condition
from sidecar.cel.error import CelError, at
from sidecar.cel.literals import refuse_wrong
from sidecar.cel.part import part
from sidecar.cel.reads import reads_of, refuse_hidden
from sidecar.cel.supply import supplies_of
from sidecar.cel.term import Term
from sidecar.cel.terms import roots, texts
from sidecar.cel.tree import CheckedExpr, Expr, Type, offset_of
from sidecar.cel.variables import looks_at
from sidecar.cel.wording import worded

#: Characters of an expression. Conditions that people write have under 300.
MAX_LENGTH = 4096
#: Characters of a term in an error.
_SHOWN = 60


def compile_terms(text: str) -> tuple[Term, ...]:
    """Compile an expression; return the parts of its outermost ``&&``, in their order.

    Raises ``CelError``, whose text says what is wrong, at which line and column, and what to write.
    """
    if len(text) > MAX_LENGTH:
        raise CelError(f"{len(text)} characters, at most {MAX_LENGTH}; write several conditions")
    if not text.isprintable() and (control := next((one for one in text if _is_control(one)), None)):
        raise at(text, text.index(control), f"the character {control!r} is not taken; write it as an escape")
    try:
        checked = check(text)
    except LibraryError as error:
        raise worded(text, str(error)) from None
    refuse_hidden(text, checked)
    refuse_wrong(text, checked)
    reads_of(text, checked, checked.expr)
    terms = [
        _term(text, checked, root, of_it) for root, of_it in zip(roots(checked), texts(text, checked), strict=True)
    ]
    refuse_costly(checked, [term.claims for term in terms])
    return tuple(terms)


def _is_control(character: str) -> bool:
    return not character.isprintable() and character not in "\n\r\t "


def _term(source: str, checked: CheckedExpr, root: Expr, text: str) -> Term:
    kind = checked.type_map[root.id]
    if kind.primitive != kind.BOOL:
        raise at(source, offset_of(root, checked), f"this is not true or false: {_shown(text)}; {_compared(kind)}")
    reads, alone = reads_of(source, checked, root), part(checked, root)
    asked = taken_out(alone)
    return Term(
        text,
        reads.variables,
        reads.headers,
        reads.claims,
        looks_at(reads.variables),
        supplies_of(reads),
        asked,
        condition(alone),
    )


def _compared(kind: Type) -> str:
    if kind.HasField("dyn"):
        return "it may be anything; write == true behind it"
    return "write what it is compared with"


def _shown(text: str) -> str:
    return text if len(text) < _SHOWN else f"{text[:_SHOWN]}…"
