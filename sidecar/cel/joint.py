"""Several conditions of a rule, asked at once, and the library once for all that it is needed for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic

from sidecar.cel.answering import by_library
from sidecar.cel.asked import may_answer
from sidecar.cel.direct import direct
from sidecar.cel.environment import Condition, LibraryError, check
from sidecar.cel.given import Given, S, given_by
from sidecar.cel.reads import Reads
from sidecar.cel.term import Term


@dataclass(frozen=True, slots=True)
class Joint(Generic[S]):
    """All of them, joined by "and" as CEL has it: false wins over what cannot be told."""

    conditions: tuple[Callable[[S], object], ...]

    def __call__(self, source: S) -> bool | None:
        """Ask all of them. Never raises."""
        told: bool | None = True
        for condition in self.conditions:
            try:
                answer = condition(source)
            except Exception:  # noqa: BLE001 - whatever it was, it cannot be told
                answer = None
            if answer is not True:
                if answer is False:
                    return False
                told = None
        return told


@dataclass(frozen=True, slots=True)
class _Library(Generic[S]):
    """Conditions that the library is asked about at once, and each ``apart``."""

    given: Given[S]
    condition: Condition
    apart: Joint[S]

    def __call__(self, source: S) -> bool | None:
        try:
            values = self.given(source)
        except Exception:  # noqa: BLE001 - something is not taken, which must not matter to those that do not read it
            return self.apart(source)
        return self.condition(values)


def join(terms: Sequence[Term], finders: Mapping[str, Callable[[S], object]]) -> Joint[S]:
    """Join terms; ``finders`` find each variable's value, or ``None``, in what is asked about."""
    apart = [_alone(one, finders) for one in terms if not one.answering.may_join]
    joining = [one for one in terms if one.answering.may_join]
    together = _together(joining, finders) if len(joining) > 1 else None
    return Joint((*apart, *([_alone(one, finders) for one in joining] if together is None else [together])))


def _alone(term: Term, finders: Mapping[str, Callable[[S], object]]) -> Callable[[S], object]:
    library = term.answering.library
    if library is not None:
        given = given_by(term.reads, finders)
        return lambda source: library(given(source))
    checked = check(term.text)
    simple = direct(checked, checked.expr, term.reads, finders)
    assert simple is not None  # noqa: S101 - it was so when the term was made
    return simple


def _together(terms: Sequence[Term], finders: Mapping[str, Callable[[S], object]]) -> _Library[S] | None:
    """Return what asks the library about all of them; ``None`` if that is too much for one expression."""
    try:
        checked = check(" && ".join(f"({one.text})" for one in terms))
    except LibraryError:  # too long, or too deep
        return None
    if not may_answer(checked.expr):
        return None
    given = given_by(reduce(Reads.joined, (one.reads for one in terms)), finders)
    return _Library(given, by_library(checked, checked.expr), Joint(tuple(_alone(one, finders) for one in terms)))
