"""Headers as a hook sees them: those that it declared, and no others."""

from collections.abc import Collection, Iterator, Mapping
from typing import final


class UndeclaredError(Exception):
    """A hook looked at what it did not declare. No ``KeyError``: ``get`` and ``in`` must not hide it."""


class UnreadableError(Exception):
    """A hook looked at a header whose value may be anything. No ``KeyError``: it was sent, and nobody knows as what."""


@final
class Headers(Mapping[str, str]):
    """Names in any spelling to values, duplicates joined by a comma (RFC 9110, section 5.3).

    A value that is ``None`` cannot be read, as policies could not either: it raises ``UnreadableError``.

    ``declared`` are the names that may be looked at, in lower case; ``None``: any, as in a hook's own tests. A name
    that was not declared raises ``UndeclaredError``: Envoy may not send such a header, and a hook that denies for it
    would never see it.
    """

    __slots__ = ("_declared", "_values")

    def __init__(self, values: Mapping[str, str | None], declared: Collection[str] | None = None) -> None:
        self._values = {name.lower(): value for name, value in values.items()}
        self._declared = None if declared is None else frozenset(declared)

    def __getitem__(self, name: str) -> str:
        """Return a header's value; raises ``KeyError`` where it was not sent."""
        name = name.lower()
        if self._declared is not None and name not in self._declared:
            raise UndeclaredError(f"the header {name!r} is not declared; write @hook(reads_headers=[{name!r}])")
        value = self._values[name]
        if value is None:
            raise UnreadableError(f"the header {name!r} has bytes, a length or so many commas that it may be anything")
        return value

    def __iter__(self) -> Iterator[str]:
        """Give the names of those that were sent, in lower case."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many were sent."""
        return len(self._values)

    def __repr__(self) -> str:
        """Name them. Their values may be secrets."""
        return f"Headers({sorted(self._values)})"
