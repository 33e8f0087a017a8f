"""Where records go: what each output has in common."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sidecar.core.strict_json import Json


class OutputError(Exception):
    """Records were not written. The text says why, and has nothing of a record or of a secret."""


class Told(NamedTuple):
    """A record, and its line."""

    record: Mapping[str, Json]
    line: bytes


class Output(Protocol):
    """Called by one thread of its own, and may take its time."""

    def write(self, batch: Sequence[Told]) -> int:
        """Write records, in their order; return how many were: less than all where it failed in between.

        Raises ``OSError`` or ``OutputError`` where none was, or what a library of its raises.
        """

    def close(self) -> None:
        """Let go of what it has open. By that thread, at the end."""
