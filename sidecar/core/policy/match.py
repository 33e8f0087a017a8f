"""Matching strings against a set of Istio's patterns: exact, ``prefix*``, ``*suffix`` and ``*`` (any text).

``patterns`` has the functions that read each kind of text into such a set.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class PatternError(ValueError):
    """A pattern that could not mean what its author wanted. The text says what to write instead."""


class Kind(Enum):
    """What a pattern's star stands for."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, its star taken off. ``literal`` is compared as it is, whatever is in it."""

    kind: Kind
    literal: str


@dataclass(frozen=True, slots=True)
class StringSet:
    """Patterns of one field, joined by OR, sorted by kind so that a look is four operations, however many there are.

    ``present`` is the pattern ``*``: any text. ``empty`` says whether it matches a value that is there and has no text.
    """

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    present: bool
    empty: bool

    def matches(self, value: str) -> bool:
        """Say whether one of the patterns matches ``value``."""
        if value in self.exact:  # never the empty text: there is no such pattern
            return True
        if not value:
            return self.empty
        return self.present or value.startswith(self.prefixes) or value.endswith(self.suffixes)


@dataclass(frozen=True, slots=True)
class Values:
    """``values`` and ``notValues`` of one field: some value must match the first, none may match the second."""

    values: StringSet | None
    not_values: StringSet | None
    is_open: bool = field(init=False, compare=False)  #: whether it restricts nothing

    def __post_init__(self) -> None:
        """Say so once: it is asked in each check."""
        object.__setattr__(self, "is_open", self.values is None and self.not_values is None)


def matches_any(field: Values, actual: tuple[str, ...]) -> bool:
    """Say whether some of the values an attribute has match the first, and none the second."""
    if field.values is not None and not any(map(field.values.matches, actual)):
        return False
    return field.not_values is None or not any(map(field.not_values.matches, actual))


def matches_one(field: Values, actual: str) -> bool:
    """Say the same of an attribute with one value."""
    return (field.values is None or field.values.matches(actual)) and (
        field.not_values is None or not field.not_values.matches(actual)
    )


def parse(text: str) -> Pattern:
    """Take a pattern apart; raises ``PatternError``.

    Istio takes ``a*b`` literally. Nobody who writes that means it, so it is refused here.
    """
    if not text:
        raise PatternError("an empty pattern matches nothing; write '*' for any value")
    if "*" in text[1:-1] or (len(text) > 1 and text[0] == text[-1] == "*"):
        raise PatternError(f"{text!r}: '*' may stand at the beginning or at the end only")
    if text == "*":
        return Pattern(Kind.PRESENT, "")
    if text.endswith("*"):
        return Pattern(Kind.PREFIX, text[:-1])
    if text.startswith("*"):
        return Pattern(Kind.SUFFIX, text[1:])
    return Pattern(Kind.EXACT, text)


def string_set(patterns: Iterable[Pattern], *, star_matches_empty: bool = False) -> StringSet:
    """Sort patterns by kind. ``star_matches_empty`` is for where a match keeps a request out."""
    literals: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for pattern in patterns:
        literals[pattern.kind].add(pattern.literal)
    return StringSet(
        exact=frozenset(literals[Kind.EXACT]),
        prefixes=tuple(sorted(literals[Kind.PREFIX])),
        suffixes=tuple(sorted(literals[Kind.SUFFIX])),
        present=bool(literals[Kind.PRESENT]),
        empty=star_matches_empty and bool(literals[Kind.PRESENT]),
    )
