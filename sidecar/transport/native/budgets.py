"""Bounds on frames that cost us work and do none for anybody (RFC 9113, section 10.5): so many a second of a kind."""

from sidecar.observe.transport_counts import Limit
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.limits import Limits

_SECONDS = 1.0


class Budget:
    """So many of one kind in each second. Two seconds that touch may see twice as many in less."""

    __slots__ = ("_end", "_kind", "_limit", "_spent", "_what")

    def __init__(self, limit: int, what: str, kind: Limit) -> None:
        self._limit, self._what, self._kind = limit, what, kind
        self._end, self._spent = 0.0, 0

    def spend(self, now: float) -> None:
        """Count one; raises ``H2ConnectionError`` where it is one too many."""
        if now >= self._end:
            self._end, self._spent = now + _SECONDS, 0
        self._spent += 1
        if self._spent > self._limit:
            text = f"more than {self._limit} {self._what} a second"
            raise H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, self._kind)


class Budgets:
    """A connection's budgets, one a kind."""

    __slots__ = ("empty_data", "ignored", "pings", "resets", "settings", "window_updates")

    def __init__(self, limits: Limits) -> None:
        #: Streams that the peer resets, and those that it makes us reset: rapid reset (CVE-2023-44487) has both forms.
        self.resets = Budget(limits.max_resets_per_second, "streams reset", Limit.MAX_RESETS)
        self.pings = Budget(limits.max_pings_per_second, "PING frames", Limit.MAX_PINGS)
        self.settings = Budget(limits.max_settings_per_second, "SETTINGS frames", Limit.MAX_SETTINGS)
        self.window_updates = Budget(
            limits.max_window_updates_per_second, "WINDOW_UPDATE frames", Limit.MAX_WINDOW_UPDATES
        )
        self.empty_data = Budget(limits.max_empty_data_per_second, "empty DATA frames", Limit.MAX_EMPTY_DATA)
        self.ignored = Budget(limits.max_ignored_frames_per_second, "frames that say nothing", Limit.MAX_IGNORED_FRAMES)
