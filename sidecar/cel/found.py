"""Where ``direct`` takes values from: what was made ready for all of an expression, or the very source of values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, Protocol

from sidecar.cel.given import S
from sidecar.cel.operand import Run
from sidecar.cel.supply import mapping, member_of, supply_of
from sidecar.cel.variables import JSON_MAPS


class Values(Protocol):
    """Makes functions of what is asked about; what these raise is an error of CEL's."""

    def variable(self, name: str) -> Run:
        """Return what gives a variable."""

    def member(self, name: str, member: str) -> Run:
        """Return what gives a member of a variable that is a map."""

    def has(self, name: str, member: str) -> Run:
        """Return what says whether a variable that is a map has a member."""


class Ready:
    """Values that were made ready, by name."""

    def variable(self, name: str) -> Run:
        """Return what gives a variable."""
        return itemgetter(name)

    def member(self, name: str, member: str) -> Run:
        """Return what gives a member."""
        return lambda values: values[name][member]

    def has(self, name: str, member: str) -> Run:
        """Return what says whether there is a member."""
        return lambda values: member in values[name]


@dataclass(frozen=True, slots=True)
class Found(Generic[S]):
    """Values out of their source, each made ready where it is asked for: for expressions that ask for all they read.

    One that is not taken is an error also where nobody but asks whether it is there.
    """

    finders: Mapping[str, Callable[[S], Any]]

    def variable(self, name: str) -> Run:
        """Return what gives a variable."""
        find, supply = self.finders[name], supply_of(name)

        def variable(source: S) -> object:
            value = find(source)
            if value is None:
                raise LookupError
            return supply(value)

        return variable

    def member(self, name: str, member: str) -> Run:
        """Return what gives a member."""
        find, supply = self.finders[name], member_of(name)
        if name in JSON_MAPS:
            return lambda source: supply(mapping(find(source))[member])

        def text(source: S) -> object:
            # A map of protobuf's adds what it is asked for in brackets.
            value = find(source).get(member)
            if value is None:
                raise LookupError
            return supply(value)

        return text

    def has(self, name: str, member: str) -> Run:
        """Return what says whether there is a member."""
        find, supply = self.finders[name], member_of(name)

        def has_member(source: S) -> bool:
            members = mapping(find(source))
            if member not in members:
                return False
            supply(members[member])
            return True

        def has_text(source: S) -> bool:
            value = find(source).get(member)
            if value is None:
                return False
            supply(value)
            return True

        return has_member if name in JSON_MAPS else has_text
