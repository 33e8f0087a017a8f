"""What an expression is given for one evaluation: what it reads, as it takes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sidecar.cel.reads import Reads
from sidecar.cel.supply import Supply, supplies_of
from sidecar.cel.variables import VARIABLES

#: What values are taken from.
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Given(Generic[S]):
    """For each variable that is read: its name, what finds its value, and what makes it ready."""

    parts: tuple[tuple[str, Callable[[S], object], Supply], ...]

    def __call__(self, source: S) -> dict[str, object]:
        """Return the values that there are by name; raises ``ValueError`` or ``TypeError`` for what is not taken."""
        data: dict[str, object] = {}
        for name, find, supply in self.parts:
            value = find(source)
            if value is not None:
                data[name] = supply(value)
        return data


def given_by(reads: Reads, finders: Mapping[str, Callable[[S], object]]) -> Given[S]:
    """Return what is read, each variable found as ``finders`` say."""
    return Given(tuple((name, finders[name], supply) for name, supply in supplies_of(reads)))


def _named(name: str) -> Callable[[Mapping[str, object]], object]:
    return lambda values: values.get(name)


#: Finds values in a mapping by the names of variables.
BY_NAME: Final = {name: _named(name) for name in VARIABLES}
