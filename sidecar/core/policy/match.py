"""Matching strings against a set of Istio's patterns: exact, ``prefix*``, ``*suffix``, ``*`` (any text), and templates.

``patterns`` has the functions that read each kind of text into such a set.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar


class PatternError(ValueError):
    """A pattern that could not mean what its author wanted. The text says what to write instead."""


class Kind(Enum):
    """What a pattern's star stands for."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    PRESENT = "present"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, its star taken off. ``literal`` is compared as it is, whatever is in it."""

    kind: Kind
    literal: str


#: What stands for one segment of a path, and for any number of characters.
ONE, ANY = "{*}", "{**}"


@dataclass(frozen=True, slots=True)
class Template:
    """A path with ``{*}`` for a segment that is not empty, and ``{**}`` for all the rest, or nothing.

    Those are Envoy's (extensions.path.match.uri_template.v3).
    """

    text: str
    expression: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the expression of it: each part takes what it can and gives nothing back, so it takes linear time."""
        parts = {ONE: "[^/]+", ANY: ".*"}
        pieces = re.split(r"(\{\*\*?\})", self.text)
        text = "".join(parts.get(piece) or re.escape(piece) for piece in pieces)
        object.__setattr__(self, "expression", re.compile(text, re.DOTALL))

    @property
    def directory(self) -> str:
        """Return what all paths begin with, up to and with a slash."""
        before = self.text.partition("{")[0]
        return before[: before.rfind("/") + 1]

    def matches(self, path: str) -> bool:
        """Say whether ``path`` is one of them."""
        return self.expression.fullmatch(path) is not None


class Matching(Protocol):
    """What values of an attribute are held against."""

    def matches(self, value: str) -> bool:
        """Say whether it is among them."""


@dataclass(frozen=True, slots=True)
class StringSet:
    """Patterns of one field, joined by OR, sorted by kind so that a look is few operations, however many there are.

    ``present`` is the pattern ``*``: any text. ``empty`` says whether it matches a value that is there and has no text.
    """

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    present: bool
    empty: bool
    templates: tuple[Template, ...] = ()

    def matches(self, value: str) -> bool:
        """Say whether one of the patterns matches ``value``."""
        if value in self.exact:  # never the empty text: there is no such pattern
            return True
        if not value:
            return self.empty
        if self.present or value.startswith(self.prefixes) or value.endswith(self.suffixes):
            return True
        return bool(self.templates) and any(one.matches(value) for one in self.templates)


M_co = TypeVar("M_co", bound=Matching, covariant=True)


@dataclass(frozen=True, slots=True)
class Values(Generic[M_co]):
    """``values`` and ``notValues`` of one field: some value must match the first, none may match the second."""

    values: M_co | None
    not_values: M_co | None
    is_open: bool = field(init=False, compare=False)  #: whether it restricts nothing

    def __post_init__(self) -> None:
        """Say so once: it is asked in each check."""
        object.__setattr__(self, "is_open", self.values is None and self.not_values is None)


def matches_any(field: Values[Matching], actual: tuple[str, ...]) -> bool:
    """Say whether some of the values an attribute has match the first, and none the second."""
    if field.values is not None and not any(map(field.values.matches, actual)):
        return False
    return field.not_values is None or not any(map(field.not_values.matches, actual))


def matches_one(field: Values[Matching], actual: str) -> bool:
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
        templates=tuple(map(Template, sorted(literals[Kind.TEMPLATE]))),
    )
