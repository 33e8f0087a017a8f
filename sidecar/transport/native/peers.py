"""Whose processes may connect to a Unix socket, by what the kernel says of them (SO_PEERCRED, unix(7)).

It is of the moment in which the peer called ``connect``: its effective user and group, as our own user namespace shows
them. A user that ours has no number for is shown as the overflow user (65534, user_namespaces(7)), as which every such
process appears: it may connect only where that very number is allowed.
"""

import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sidecar.transport.seldom import Seldom

#: struct ucred: process, user, group.
_UCRED: Final = struct.Struct("=iII")
#: Linux alone has it.
_OPTION: Final[int | None] = getattr(socket, "SO_PEERCRED", None)
IS_SUPPORTED: Final = _OPTION is not None

_log = logging.getLogger(__name__)


class Accepted(Protocol):
    """asyncio's transport, as far as it is needed: settings are read by processes that know no event loop."""

    def get_extra_info(self, name: str) -> Any:  # noqa: ANN401 - whatever it is that was asked for
        """Return its socket."""


@dataclass(frozen=True, slots=True)
class AllowedPeers:
    """Users and groups by number. Where both are said, both must be right; of neither there is nobody."""

    users: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()

    def admit(self, user: int, group: int) -> bool:
        """Say whether a process with this effective user and group may connect."""
        if not self.users and not self.groups:
            return False
        return (not self.users or user in self.users) and (not self.groups or group in self.groups)


class Doorkeeper:
    """Looks at each connection once, when it is accepted. ``clock`` returns seconds, for the log."""

    def __init__(self, allowed: AllowedPeers, clock: Callable[[], float]) -> None:
        self._allowed, self._turned_away = allowed, Seldom(clock)

    def admits(self, transport: Accepted) -> bool:
        """Say whether its peer may stay. One of which nothing can be found out may not."""
        try:
            raw = transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, _OPTION, _UCRED.size)
            process, user, group = _UCRED.unpack(raw)
        except Exception:  # noqa: BLE001 - whatever it is: who cannot be told is not let in
            _log.exception("it cannot be told who connected, who is turned away")
            return False
        if self._allowed.admit(user, group):
            return True
        self._tell(process, user, group)
        return False

    def _tell(self, process: int, user: int, group: int) -> None:
        count = self._turned_away.count()
        if count:
            _log.warning(
                "connection closed: user %d, group %d (process %d) is not of allowed_peers; %d such since last told",
                user,
                group,
                process,
                count,
            )
