"""Proofs that were used before: how the memory of them enters the core."""

from enum import Enum, auto
from typing import Protocol


class Use(Enum):
    """What became of a proof."""

    FIRST = auto()
    RETRY = auto()  #: the very same check again, which Envoy repeats where a server does not answer
    REPLAY = auto()
    UNKNOWN = auto()  #: there was no room to note it, or nobody to ask


class Replays(Protocol):
    """Remembers proofs, for all processes of a node."""

    def use(self, proof: bytes, owner: bytes, check: bytes, until: float, now: float) -> Use:
        """Note ``proof``, and say what became of it. ``proof`` and ``check`` are digests, 32 bytes each.

        ``owner`` is whose proof it is, 32 bytes: nobody can fill the memory that all others need.

        INVARIANT: of all uses of one proof in different checks, one at the most is ``FIRST``. ``until``, in seconds
        since the epoch, is when the proof is over and may be forgotten.
        """
