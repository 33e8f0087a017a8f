"""Checks that wait for being read again: first in, first out, bounded by the bytes they hold."""

from collections import deque

from sidecar.decision_log.entry import Entry

#: Bytes that an entry takes beside its request and its answer: tuple and decision, most of which others hold as well.
_OVERHEAD = 512


class Backlog:
    """At most ``most`` bytes. Requests may have 100 KB each, so that a number of entries would bound nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._entries: deque[Entry] = deque()

    def put(self, entry: Entry) -> bool:
        """Keep it; ``False`` where there is no room."""
        size = self._size + _size(entry)
        if size > self._most:
            return False
        self._size = size
        self._entries.append(entry)
        return True

    def take(self) -> Entry:
        """Return the oldest, which is kept no more; raises ``IndexError`` where there is none."""
        entry = self._entries.popleft()
        self._size -= _size(entry)
        return entry

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._entries)


def _size(entry: Entry) -> int:
    # A denial's answer may have a page of 16 KiB in it, which is its own.
    return len(entry.request) + len(entry.decided.response) + _OVERHEAD
