"""How many connections a process has on the address it listens on, whatever library accepted them."""

import os
import socket
import stat
from contextlib import suppress

_ANY = ("0.0.0.0", "[::]")  # noqa: S104 - nobody binds to it here
_FOLDERS = ("/proc/self/fd", "/dev/fd")


def count(address: str) -> int:
    """Return how many sockets of this process are connections to ``address``, as ``getsockname`` shows it.

    ``address`` is ``host:port``, ``[host]:port``, ``unix:/path`` or ``unix:@name``. Where the host is "any"
    (``0.0.0.0``, ``[::]``), the port decides.
    """
    host, _, port = address.rpartition(":")
    suffix = f":{port}" if host in _ANY else None
    return sum(_is_connection(fd, address, suffix) for fd in _descriptors())


def _descriptors() -> list[int]:
    for folder in _FOLDERS:
        with suppress(OSError):
            return [int(name) for name in os.listdir(folder)]  # noqa: PTH208 - names of descriptors, no paths
    return []


def _is_connection(fd: int, address: str, suffix: str | None) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        with socket.socket(fileno=os.dup(fd)) as found:
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return False
            name = _name(found)
            return name == address if suffix is None else name.endswith(suffix)
    except OSError:
        return False  # closed meanwhile


def _name(found: socket.socket) -> str:
    name = found.getsockname()
    if found.family == socket.AF_UNIX:
        text = name.decode(errors="surrogateescape") if isinstance(name, bytes) else name
        return f"unix:{text.replace(chr(0), '@', 1)}"
    host, port = name[:2]
    return f"[{host}]:{port}" if found.family == socket.AF_INET6 else f"{host}:{port}"
