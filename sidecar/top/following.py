"""What was told last: a report, or why there is none. Asked for in a thread, so that a slow answer holds up nothing."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.report.model import Report
from sidecar.status.wording import span


class LostError(Exception):
    """Nobody answers, or what comes is no report. The text says which, in one line."""


@dataclass(frozen=True, slots=True)
class Last:
    """``report``: the last one there was. ``lost``: why there is no newer one, and empty while there is."""

    report: Report | None = None
    lost: str = ""


class Following:
    """Calls ``fetch`` every ``interval`` seconds, and ``wake`` after each. ``fetch`` raises ``LostError``."""

    def __init__(self, fetch: Callable[[], Report], interval: float, wake: Callable[[], None]) -> None:
        self._fetch, self._interval, self._wake = fetch, interval, wake
        self._stop = threading.Event()
        self._since: float | None = None
        self.last = Last()
        # A daemon: at the end nobody waits for an answer that does not come.
        self._thread = threading.Thread(target=self._run, name="top-following", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting."""
        self._stop.set()

    def look(self) -> None:
        """Ask once, and remember what came."""
        now = time.monotonic()
        try:
            self.last, self._since = Last(self._fetch()), None
        except LostError as error:
            self._since = now if self._since is None else self._since
            ago = f", for {span(now - self._since)}" if now - self._since >= 1 else ""
            self.last = Last(self.last.report, f"no answer{ago}: {error}; trying again")

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._wake()
            self._stop.wait(self._interval)
