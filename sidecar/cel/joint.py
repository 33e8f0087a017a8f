"""Several conditions of a rule, asked at once: what they read is made ready once, and the library asked once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Generic, TypeVar

from sidecar.cel.answering import answering
from sidecar.cel.environment import Condition, check
from sidecar.cel.given import Given, S, given_by
from sidecar.cel.reads import Reads
from sidecar.cel.term import Term

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Joint(Generic[S]):
    """All of them, joined by "and" as CEL has it: false wins over what cannot be told."""

    given: Given[S]
    conditions: tuple[Condition, ...]
    apart: tuple[Callable[[S], bool | None], ...]

    def __call__(self, source: S) -> bool | None:
        """Ask all of them. Never raises."""
        try:
            data = self.given(source)
        except Exception:  # noqa: BLE001 - something is not taken, which must not matter to those that do not read it
            return _joined(self.apart, source)
        return _joined(self.conditions, data)


def join(terms: Sequence[Term], finders: Mapping[str, Callable[[S], object]]) -> Joint[S]:
    """Join terms; ``finders`` find each variable's value, or ``None``, in what is asked about."""
    given = given_by(reduce(Reads.joined, (one.reads for one in terms)), finders)
    apart = tuple(partial(_ask, given_by(one.reads, finders), one.answering.run) for one in terms)
    return Joint(given, _conditions(terms), apart)


def _conditions(terms: Sequence[Term]) -> tuple[Condition, ...]:
    joining = [one for one in terms if one.answering.may_join]
    others = [one.answering.run for one in terms if not one.answering.may_join]
    if len(joining) < 2:  # noqa: PLR2004 - nothing to join
        return (*others, *(one.answering.run for one in joining))
    checked = check(" && ".join(f"({one.text})" for one in joining))
    return (*others, answering(checked, checked.expr).run)


def _ask(given: Given[S], condition: Condition, source: S) -> bool | None:
    return condition(given(source))


def _joined(conditions: Iterable[Callable[[A], bool | None]], about: A) -> bool | None:
    told: bool | None = True
    for condition in conditions:
        try:
            answer = condition(about)
        except Exception:  # noqa: BLE001 - whatever it was, it cannot be told
            answer = None
        if answer is not True:
            if answer is False:
                return False
            told = None
    return told
