"""From a text to terms, or to a value."""

from sidecar.cel.answering import answering, valuing
from sidecar.cel.cost import refuse_costly
from sidecar.cel.environment import LibraryError, check
from sidecar.cel.error import CelError, at
from sidecar.cel.given import BY_NAME, given_by
from sidecar.cel.literals import refuse_wrong
from sidecar.cel.reads import reads_of, refuse_hidden
from sidecar.cel.result import refused
from sidecar.cel.term import Term
from sidecar.cel.terms import roots, text_of, texts
from sidecar.cel.tree import CheckedExpr, Expr, Type, offset_of
from sidecar.cel.value import Value
from sidecar.cel.wording import worded

#: Characters of an expression. Conditions that people write have under 300.
MAX_LENGTH = 4096
#: Characters of a term in an error.
_SHOWN = 60


def compile_terms(text: str) -> tuple[Term, ...]:
    """Compile an expression; return the parts of its outermost ``&&``, in their order.

    Raises ``CelError``, whose text says what is wrong, at which line and column, and what to write.
    """
    checked = _accepted(text)
    terms = [
        _term(text, checked, root, of_it) for root, of_it in zip(roots(checked), texts(text, checked), strict=True)
    ]
    refuse_costly(checked, [term.reads for term in terms])
    return tuple(terms)


def compile_value(text: str, expected: type | None = None) -> Value:
    """Compile an expression that comes to a value of JSON.

    ``expected`` is what it has to be (``str``, ``bool``, ``int``, ``float``, ``list`` or ``dict``; a time is a text):
    refused where its type is another one, and not told where it turns out to be. Raises ``CelError``.
    """
    checked = _accepted(text)
    if problem := refused(checked.type_map[checked.expr.id], expected):
        raise at(text, offset_of(checked.expr, checked), problem)
    reads = reads_of(text, checked, checked.expr)
    refuse_costly(checked, [reads], is_taken_out=True)
    return Value(text_of(text), expected, reads, given_by(reads, BY_NAME), valuing(checked))


def _accepted(text: str) -> CheckedExpr:
    """Return the tree of a text in which nothing is wrong, but for what it may cost."""
    if len(text) > MAX_LENGTH:
        raise CelError(f"{len(text)} characters, at most {MAX_LENGTH}; write several expressions")
    if not text.isprintable() and (control := next((one for one in text if _is_control(one)), None)):
        raise at(text, text.index(control), f"the character {control!r} is not taken; write it as an escape")
    try:
        checked = check(text)
    except LibraryError as error:
        raise worded(text, str(error)) from None
    refuse_hidden(text, checked)
    refuse_wrong(text, checked)
    reads_of(text, checked, checked.expr)
    return checked


def _is_control(character: str) -> bool:
    return not character.isprintable() and character not in "\n\r\t "


def _term(source: str, checked: CheckedExpr, root: Expr, text: str) -> Term:
    kind = checked.type_map[root.id]
    if kind.primitive != kind.BOOL:
        raise at(source, offset_of(root, checked), f"this is not true or false: {_shown(text)}; {_compared(kind)}")
    reads = reads_of(source, checked, root)
    return Term(text, reads, answering(checked, root, reads))


def _compared(kind: Type) -> str:
    if kind.HasField("dyn"):
        return "it may be anything; write == true behind it"
    return "write what it is compared with"


def _shown(text: str) -> str:
    return text if len(text) < _SHOWN else f"{text[:_SHOWN]}…"
