"""Matching strings against a set of Istio's patterns: exact, ``prefix*``, ``*suffix`` and ``*`` (present)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.core.path import decoded


class PatternError(ValueError):
    """A pattern that could not mean what its author wanted. The text says what to write instead."""


@dataclass(frozen=True, slots=True)
class StringSet:
    """Patterns of one field, joined by OR, sorted by kind so that a look is four operations, however many there are."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    present: bool

    def matches(self, value: str) -> bool:
        """Say whether one of the patterns matches ``value``; an empty value matches no pattern, as in Istio."""
        if not value:
            return False
        return self.present or value in self.exact or value.startswith(self.prefixes) or value.endswith(self.suffixes)


def string_set(patterns: Iterable[str]) -> StringSet:
    """Sort patterns by kind; raises ``PatternError``."""
    exact: set[str] = set()
    prefixes: set[str] = set()
    suffixes: set[str] = set()
    present = False
    for pattern in patterns:
        check_pattern(pattern)
        if pattern == "*":
            present = True
        elif pattern.endswith("*"):
            prefixes.add(pattern[:-1])
        elif pattern.startswith("*"):
            suffixes.add(pattern[1:])
        else:
            exact.add(pattern)
    return StringSet(frozenset(exact), tuple(sorted(prefixes)), tuple(sorted(suffixes)), present)


def check_pattern(pattern: str) -> str:
    """Return ``pattern`` if it has one of the four forms; raises ``PatternError``.

    Istio takes ``a*b`` literally. Nobody who writes that means it, so it is refused here.
    """
    if not pattern:
        raise PatternError("an empty pattern matches nothing; write '*' for any value")
    if "*" in pattern[1:-1] or (len(pattern) > 1 and pattern[0] == pattern[-1] == "*"):
        raise PatternError(f"{pattern!r}: '*' may stand at the beginning or at the end only")
    return pattern


def path_set(patterns: Iterable[str]) -> StringSet:
    """Like ``string_set`` for paths: a percent-encoded pattern also matches its decoded spelling."""
    spelt = [check_path_pattern(pattern) for pattern in patterns]
    return string_set([*spelt, *(decoded(pattern) for pattern in spelt if "%" in pattern)])


def host_set(patterns: Iterable[str]) -> StringSet:
    """Like ``string_set`` for hosts: case and a closing dot do not matter (RFC 3986, section 3.2.2)."""
    return string_set(check_pattern(pattern).lower().rstrip(".") for pattern in patterns)


def check_path_pattern(pattern: str) -> str:
    """Return ``pattern`` if some path could match it; raises ``PatternError``."""
    check_pattern(pattern)
    if not pattern.startswith(("/", "*")):
        raise PatternError(f"{pattern!r} matches no path: write it with a leading '/' or '*'")
    if "{" in pattern:
        raise PatternError(f"{pattern!r}: path templates are not supported; write a prefix such as '/items/*'")
    if "?" in pattern or "#" in pattern:
        raise PatternError(f"{pattern!r} matches no path: policy sees the path without query and fragment")
    try:
        decoded(pattern)
    except UnicodeDecodeError:
        raise PatternError(f"{pattern!r}: its percent-encodings are not UTF-8") from None
    return pattern
