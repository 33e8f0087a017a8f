"""What a Redis Stream says of itself (XINFO STREAM), held against how far we have read. Pure."""

from collections.abc import Mapping
from typing import NamedTuple


class Position(NamedTuple):
    """The id of a stream's entry: milliseconds, and a number among those of one millisecond. They only ascend."""

    milliseconds: int
    number: int

    def __str__(self) -> str:
        """Return it as Redis writes it."""
        return f"{self.milliseconds}-{self.number}"


START = Position(0, 0)


def position(text: bytes) -> Position:
    """Read an id; raises ``ValueError`` for what is none."""
    milliseconds, _, number = text.partition(b"-")
    return Position(int(milliseconds), int(number or b"0"))


class Told(NamedTuple):
    """What a stream says of itself; a key that is not there is an empty one."""

    length: int = 0
    first: Position = START
    last: Position = START  #: the last id that was ever given
    deleted: Position = START  #: the last id that was deleted by XDEL; from Redis 7 on
    added: int = 0  #: entries that ever were in it; from Redis 7 on


def told(info: Mapping[str, object]) -> Told:
    """Read what XINFO STREAM answers, as redis-py has it; raises ``ValueError`` or ``TypeError`` for anything else."""
    first = info.get("first-entry")
    return Told(
        length=_number(info.get("length")),
        first=position(first[0]) if isinstance(first, tuple | list) else START,
        last=_position(info.get("last-generated-id")),
        deleted=_position(info.get("max-deleted-entry-id")),
        added=_number(info.get("entries-added")),
    )


def is_another(found: Told, read_to: Position, added: int | None) -> bool:
    """Say whether it is not the stream that was read up to ``read_to``, ``added`` being the entries it had had then.

    It was deleted, or Redis began empty: what is added from now on may have ids that we would never ask for.
    """
    return found.last < read_to or (added is not None and 0 < found.added < added)


def has_gap(found: Told, read_to: Position, added: int | None) -> bool:
    """Say whether entries were trimmed or deleted that we have not read.

    ``added``: entries there were when all of them had been read, and those that were read since; ``None`` where that
    has not been so yet. What is not there by then had been trimmed before, as whoever trims must have seen to.
    """
    if added is None:
        return False
    return found.deleted > read_to or (found.last == read_to and found.added > added)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _position(value: object) -> Position:
    return position(value) if isinstance(value, bytes) else START
