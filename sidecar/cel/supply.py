"""What an expression is given of all the values there are: what it reads, and no more.

The library copies what it is given: a map of 60 claims costs more than comparisons with two of them.
Where a value is longer than the cost was reckoned with, or of another type, there is ``ValueError`` or ``TypeError``.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from sidecar.cel.body_members import BodyMembers
from sidecar.cel.reads import Reads
from sidecar.cel.variables import BODY, CLAIMS, CONTEXT, HEADERS, JSON_MAPS, ROUTE, TEXTS_LENGTH, VARIABLES, Kind

#: Takes a value as it is given; returns it as the library takes it.
Supply: TypeAlias = Callable[[Any], object]


def supplies_of(reads: Reads) -> tuple[tuple[str, Supply], ...]:
    """Return, for each variable that is read, what makes a value ready."""
    return tuple((name, _supply(name, reads)) for name in sorted(reads.variables))


def supply_of(name: str) -> Supply:
    """Return what makes a variable's value ready; a map's as a whole."""
    one = VARIABLES[name]
    if one.kind is Kind.TEXT:
        return _text(one.longest)
    if one.kind is Kind.TEXTS:
        return _texts(one.longest)
    return _OTHERS[one.kind]


def member_of(name: str) -> Supply:
    """Return what makes a member of a map ready."""
    return _checked if name in JSON_MAPS else _text(VARIABLES[name].longest)


def _supply(name: str, reads: Reads) -> Supply:
    maps = {CLAIMS: reads.claims, CONTEXT: reads.context, BODY: reads.body, ROUTE: reads.route}
    names = reads.headers if name == HEADERS else maps.get(name)
    if names is None:
        supply = supply_of(name)
    else:
        supply = (_members if name in JSON_MAPS else partial(_texts_in, member_of(name)))(tuple(sorted(names)))
    return _spelt_as_written(reads.body_members, supply) if name == BODY else supply


def _spelt_as_written(members: BodyMembers, supply: Supply) -> Supply:
    def checked(value: object) -> object:
        members.require_as_written(value)
        return supply(value)

    return checked


def _text(longest: int) -> Supply:
    def supply(value: object) -> object:
        if not isinstance(value, str):
            raise TypeError("no text")
        if len(value) > longest or (not value.isascii() and len(value.encode()) > longest):
            raise ValueError("too long")
        if "\0" in value:
            raise ValueError("a zero in a text")
        return value

    return supply


def _texts(longest: int) -> Supply:
    def supply(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise TypeError("no list")
        if len(value) > longest or sum(map(len, value)) > TEXTS_LENGTH:
            raise ValueError("too long")
        return [_whole(one) for one in value]

    return supply


def _texts_in(text: Supply, names: tuple[str, ...]) -> Supply:
    def supply(value: Any) -> object:  # noqa: ANN401 - what is no map has no get
        find = value.get  # a map of protobuf's adds what it is asked for in brackets
        return {name: text(found) for name in names if (found := find(name)) is not None}

    return supply


def _members(names: tuple[str, ...]) -> Supply:
    def supply(value: object) -> object:
        given = mapping(value)
        return {name: _checked(given[name]) for name in names if name in given}

    return supply


def _map(value: object) -> object:
    return _checked(dict(mapping(value)))


def mapping(value: object) -> Mapping[str, object]:
    """Return a map as it is; raises ``TypeError`` for anything else."""
    # Nearly always one of the two; to ask whether it is a mapping of any kind takes longer.
    if isinstance(value, MappingProxyType) or isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101 - in this order
        return value
    raise TypeError("no map")


def _number(value: object) -> object:
    if not isinstance(value, int):
        raise TypeError("no number")
    return _checked(value)


def _time(value: object) -> object:
    """Take a time as seconds since 1970, or as made of them already."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, float) else _other_time(value)


def _other_time(value: object) -> object:
    return value if isinstance(value, datetime) else datetime.fromtimestamp(cast("float", value), UTC)


def _checked(value: object) -> object:
    """Return ``value`` unless the library would take something in it for something else.

    Texts with a zero in them, names of members included, and integers that CEL has none for: at those it leaks memory.
    """
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, int) and not _LEAST <= value <= _GREATEST:
        raise ValueError("no integer of 64 bits")
    if isinstance(value, list):
        for one in value:
            _checked(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            _whole(name)
            _checked(one)
    elif value is not None and not isinstance(value, int | float):
        raise TypeError("no JSON")
    return value


def _whole(text: str) -> str:
    # INVARIANT: no text with a zero gets to the library: it ends there (0.1.3), and "admin\0" would be "admin".
    # Nor one with half of a surrogate pair, which has no UTF-8: encoding it raises.
    if "\0" in text or (not text.isascii() and not text.encode()):
        raise ValueError("a zero in a text")
    return text


_LEAST, _GREATEST = -(2**63), 2**63 - 1
_OTHERS: dict[Kind, Supply] = {Kind.TIME: _time, Kind.NUMBER: _number, Kind.TEXT_MAP: _map, Kind.ANY_MAP: _map}
