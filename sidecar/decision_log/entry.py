"""A check that is to be told of, as it is queued."""

from typing import NamedTuple

from sidecar.core.needs import Decided


class Entry(NamedTuple):
    """``request`` is what was asked, with the token in it: whoever has it reads it soon, and drops it.

    ``seconds`` is what the check took, ``at`` when it ended, in seconds since the epoch. ``one_in``: it stands for so
    many like it, which are not logged. ``logged`` and ``recent`` are where it is to be told.
    """

    request: bytes
    decided: Decided
    seconds: float
    at: float
    one_in: int
    logged: bool
    recent: bool

    def __repr__(self) -> str:
        """Say nothing of the request."""
        return f"Entry(at={self.at!r}, reason={self.decided.decision.reason!r})"
