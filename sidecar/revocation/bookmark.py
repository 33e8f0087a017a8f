"""How far a stream was read, and what was in it by then."""

from collections.abc import Sequence

from sidecar.revocation.stream import START, Position, Told, has_gap, is_another


class Bookmark:
    """``read_to`` is where reading goes on, and ``beginnings`` how often it was begun anew.

    ``follows``: it was read to its end since it was begun last. ``known_to`` is the farthest that was read of this
    stream, and ``added`` the entries that it had had then (``stream.has_gap``).
    """

    __slots__ = ("added", "beginnings", "follows", "known_to", "read_to")

    def __init__(self) -> None:
        self.read_to = self.known_to = START
        self.added: int | None = None
        self.beginnings = 0
        self.follows = False

    def begin_anew(self) -> None:
        """Read all of it again."""
        self.read_to, self.follows = START, False
        self.beginnings += 1

    def begin_another(self) -> None:
        """Read another stream, of which nothing is known."""
        self.known_to, self.added = START, None
        self.begin_anew()

    def move(self, read: Sequence[Position]) -> None:
        """Note that all of ``read`` was taken."""
        self.read_to = max(self.read_to, read[-1])
        if self.added is not None:
            self.added += sum(place > self.known_to for place in read)
        self.known_to = max(self.known_to, self.read_to)

    def is_of_another(self, found: Told) -> bool:
        """Say whether what a stream says of itself is another one's."""
        return is_another(found, self.known_to, self.added)

    def has_gap(self, found: Told) -> bool:
        """Say whether entries are gone from it which were not read."""
        return has_gap(found, self.known_to, self.added)

    def count(self, found: Told) -> None:
        """Count its entries from here on, where nothing is there that was not read."""
        if self.follows and found.last == self.known_to and found.deleted <= self.known_to:
            self.added = found.added
