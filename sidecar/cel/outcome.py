"""What an evaluation comes to, as values of Python's.

The library counts references wrongly when it hands over a null (0.1.3): before Python 3.12 some thousands of them end
the process. INVARIANT: nobody takes a value out that may be null, but by asking for its type first.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from sidecar.core.strict_json import MAX_DEPTH, Json

#: Bytes of all texts of a value together; each member, number and text counts as some more.
MAX_BYTES: Final = 16384
_EACH: Final = 8
#: As CEL's int, and as most readers of JSON have it.
_LEAST, _GREATEST = -(2**63), 2**63 - 1


class Kind(Protocol):
    """A type of the library's."""

    def name(self) -> str:
        """Return its name, in capitals."""


class Outcome(Protocol):
    """A value of the library's."""

    def type(self) -> Kind:
        """Return its type."""

    def value(self) -> Any:  # noqa: ANN401 - anything there is
        """Return it. The members of lists and maps are ``Outcome`` again."""


class UntellableError(ValueError):
    """It is an error, too large, or nothing that JSON has."""


def bare(outcome: Outcome) -> object:
    """Return a value as the library has it; ``None`` for an error and for null."""
    return None if outcome.type().name() in {"ERROR", "NULL"} else outcome.value()


def plain(outcome: Outcome) -> Json:
    """Return a value as JSON has it, a time as text (RFC 3339); raises ``UntellableError``."""
    return _Reader().read(outcome, MAX_DEPTH)


class _Reader:
    """Counts what it reads."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def read(self, outcome: Outcome, depth: int) -> Json:
        self._count(_EACH)
        kind = outcome.type().name()
        if kind == "NULL":
            return None
        if kind == "ERROR":
            raise UntellableError
        value = outcome.value()
        if not isinstance(value, list | dict):
            return self._scalar(value)
        if not depth:
            raise UntellableError
        if isinstance(value, list):
            return [self.read(one, depth - 1) for one in value]
        return self._object(value, depth - 1)

    def _object(self, members: Mapping[object, Outcome], depth: int) -> Json:
        return {self._text(name): self.read(one, depth) for name, one in members.items()}

    def _scalar(self, value: object) -> Json:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, datetime):
            return value.isoformat().replace("+00:00", "Z")
        if isinstance(value, bool) or (isinstance(value, int) and _LEAST <= value <= _GREATEST):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise UntellableError

    def _text(self, text: object) -> str:
        # A zero ends a text for many who read it, the library among them.
        if not isinstance(text, str) or "\0" in text:
            raise UntellableError
        self._count(len(text.encode()))
        return text

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise UntellableError
