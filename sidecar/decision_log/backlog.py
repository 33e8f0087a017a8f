"""Checks that wait for being read again: first in, first out, bounded by the bytes they hold."""

from collections import deque

from sidecar.decision_log.entry import Entry

#: Bytes that an entry takes beside its request: tuple, decision and response, most of which others hold as well.
_OVERHEAD = 512


class Backlog:
    """At most ``most`` bytes. Requests may have 100 KB each, so that a number of entries would bound nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._entries: deque[Entry] = deque()

    def put(self, entry: Entry) -> bool:
        """Keep it; ``False`` where there is no room."""
        size = self._size + len(entry.request) + _OVERHEAD
        if size > self._most:
            return False
        self._size = size
        self._entries.append(entry)
        return True

    def take(self) -> Entry:
        """Return the oldest, which is kept no more; raises ``IndexError`` where there is none."""
        entry = self._entries.popleft()
        self._size -= len(entry.request) + _OVERHEAD
        return entry

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._entries)
