"""What wakes the agent up: processes that say something, or end, and signals."""

import logging
import selectors
import socket
from contextlib import suppress
from typing import Final

from sidecar.runtime.agent.root import Root
from sidecar.runtime.agent.wants import MAX_BYTES, Wants, decode

_log: Final = logging.getLogger(__name__)


class Hearing:
    """One selector. What is said through it makes sense, or who says it is killed."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def listen_to(self, end: int | socket.socket) -> None:
        """Wake up for it; raises ``OSError`` where the kernel has no room for one more (epoll_ctl(2))."""
        self._selector.register(end, selectors.EVENT_READ)

    def begin(self, root: Root) -> None:
        """Wake up when it says something, and when it ends; raises ``OSError`` as above, and then it is ended."""
        try:
            for end in (root.watch, root.channel):
                self.listen_to(end)
        except BaseException:
            # Nobody must run whom nobody watches.
            root.kill()
            self.bury(root)
            raise

    def wait(self, seconds: float) -> list[object]:
        """Return what can be read, sooner or later: descriptors and sockets, as they were given."""
        return [key.fileobj for key, _ in self._selector.select(seconds)]

    def wants(self, root: Root) -> Wants | None:
        """Return what a tenant's process wants; ``None``: it has not said so yet, or never will."""
        try:
            data = root.channel.recv(MAX_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        # All has been said, once.
        self._forget(root.channel)
        if not data:
            return None
        try:
            return decode(data)
        except ValueError as error:
            _log.error("a tenant's process is killed: what it said makes no sense: %s", error)
            root.kill()
            return None

    def bury(self, root: Root) -> int:
        """Return how a process ended that has, or is about to."""
        for end in (root.watch, root.channel):
            self._forget(end)
        return root.bury()

    def close(self) -> None:
        """Listen to nobody any more."""
        self._selector.close()

    def _forget(self, end: int | socket.socket) -> None:
        with suppress(KeyError, ValueError):  # it was never registered, or is no more
            self._selector.unregister(end)
