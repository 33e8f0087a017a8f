"""How many connections the process may have open at once: each is a file to the system (getrlimit(2), RLIMIT_NOFILE).

Beyond that limit ``accept`` fails, and Envoy's new connections wait in the backlog beside those of whoever took all
the files. Below it ``open_connections`` decides who has to go.
"""

import logging
import resource
from contextlib import suppress
from typing import Final

#: Files for everything else: sockets of other services, logs, the modules that Python reads.
OTHER_FILES: Final = 128

_log = logging.getLogger(__name__)


def room_for(connections: int) -> int:
    """Return how many of so many connections there can be. Raises the soft limit to the hard one where it must."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_enough(soft, connections):
        return connections
    with suppress(OSError, ValueError):  # forbidden, in some sandboxes
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if _is_enough(soft, connections):
        return connections
    room = max(1, soft - OTHER_FILES)
    _log.warning("no more than %d of max_connections=%d: the process may have %d open files", room, connections, soft)
    return room


def _is_enough(files: int, connections: int) -> bool:
    return files == resource.RLIM_INFINITY or files >= connections + OTHER_FILES
