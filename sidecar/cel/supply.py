"""What an expression is given of all the values there are: what it reads, and no more.

The library copies what it is given: a map of 60 claims costs more than comparisons with two of them.
Where a value is longer than the cost was reckoned with, or no value of its type, there is ``ValueError`` or ``TypeError``.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from sidecar.cel.reads import Reads
from sidecar.cel.variables import CLAIMS, HEADER_BYTES, HEADERS, LONGEST_MEMBER, VARIABLES, Kind

#: Takes a value as it is given; returns it as the library takes it.
Supply: TypeAlias = Callable[[object], object]


def supplies_of(reads: Reads) -> tuple[tuple[str, Supply], ...]:
    """Return, for each variable that is read, what makes a value ready."""
    return tuple((name, _supply(name, reads)) for name in sorted(reads.variables))


def _supply(name: str, reads: Reads) -> Supply:
    if name == HEADERS:
        return _headers(tuple(sorted(reads.headers)))
    if name == CLAIMS and reads.claims is not None:
        return _claims(tuple(sorted(reads.claims)))
    one = VARIABLES[name]
    if one.kind is Kind.TEXT:
        return _text(one.longest)
    if one.kind is Kind.TEXTS:
        return _texts(one.longest)
    return _OTHERS[one.kind]


def _as_it_is(value: object) -> object:
    return value


def _text(longest: int) -> Supply:
    def supply(value: object) -> object:
        if not isinstance(value, str):
            raise TypeError("no text")
        if len(value) > longest or not (value.isascii() or len(value.encode()) <= longest):
            raise ValueError("too long")
        return value

    return supply


def _texts(longest: int) -> Supply:
    member = _text(LONGEST_MEMBER)

    def supply(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise TypeError("no list")
        if len(value) > longest:
            raise ValueError("too long")
        return [member(one) for one in value]

    return supply


def _headers(names: tuple[str, ...]) -> Supply:
    text = _text(HEADER_BYTES)

    def supply(value: object) -> object:
        if not isinstance(value, Mapping):
            raise TypeError("no map")
        return {name: text(value[name]) for name in names if name in value}

    return supply


def _claims(names: tuple[str, ...]) -> Supply:
    def supply(value: object) -> object:
        if not isinstance(value, Mapping):
            raise TypeError("no map")
        return {name: value[name] for name in names if name in value}

    return supply


def _map(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _time(value: object) -> object:
    """Take a time as seconds since 1970, or as made of them already."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value


_OTHERS: dict[Kind, Supply] = {
    Kind.TIME: _time,
    Kind.NUMBER: _as_it_is,
    Kind.TEXT_MAP: _map,
    Kind.ANY_MAP: _map,
}
