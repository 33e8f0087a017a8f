"""What one process has seen of its cache."""

from dataclasses import dataclass


@dataclass(slots=True)
class CacheCounts:
    """Plain numbers since the cache was opened, of this process alone.

    ``evictions``, ``expired`` and ``torn`` count slots, the others calls of ``get``.
    """

    hits: int = 0
    misses: int = 0
    evictions: int = 0  #: live ones of another key that were overwritten for want of room
    expired: int = 0  #: that a get found past their time
    torn: int = 0  #: that a get found half written, or being overwritten
    incomplete: int = 0  #: misses for want of some of a long value's parts, as a rule because one was evicted
