"""The desk as the agent knows it: a process that is told how tenants are, and started again when it ends."""

import logging
import random
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from sidecar.runtime.agent import desk_status
from sidecar.runtime.agent.root import Root
from sidecar.runtime.supervision.backoff import Backoff

_MODULE: Final = "sidecar.runtime.agent.desk"

_log = logging.getLogger(__name__)


class DeskLife:
    """``turn`` it, again and again. Times are CLOCK_MONOTONIC, in seconds."""

    def __init__(self, probe: str, run: Path) -> None:
        self._arguments = [f"--listen={probe}", f"--run={run}"]
        self._root: Root | None = None
        self._backoff = Backoff()
        self._started_at = 0.0
        self._next_start_at = 0.0

    @property
    def pids(self) -> frozenset[int]:
        """Return its process id, while it runs."""
        return frozenset(() if self._root is None else (self._root.pid,))

    def turn(self, tenants: Sequence[Mapping[str, object]], ignored: int, now: float) -> None:
        """Tell it how tenants are; start it where it is away."""
        if self._root is not None and self._root.has_ended():
            status, self._root = self._root.bury(), None
            self._backoff = self._backoff.ended(now - self._started_at)
            self._next_start_at = now + self._backoff.delay(random.random())  # noqa: S311 - jitter
            _log.warning("the desk ended (%d), and is started again: tenants go on", status)
        if self._root is None and now >= self._next_start_at:
            self._start(now)
        if self._root is not None:
            # One that does not read gets none: the next says all of it anew.
            with suppress(OSError):
                self._root.channel.send(desk_status.encode(tenants, ignored))

    def _start(self, now: float) -> None:
        self._started_at = now
        try:
            self._root = Root.start(_MODULE, self._arguments, {}, socket.SOCK_DGRAM)
        except OSError as error:
            _log.error("the desk cannot be started: %s", error)
            self._backoff = self._backoff.ended(0.0)
            self._next_start_at = now + self._backoff.delay(random.random())  # noqa: S311 - jitter

    def end(self) -> None:
        """End it."""
        if self._root is not None:
            self._root.bury()
            self._root = None
