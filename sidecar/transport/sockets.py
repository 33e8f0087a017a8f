"""Sockets that listen, as every listener of ours makes and leaves them."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sidecar.transport.address import Address, TcpAddress, UnixAddress


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that listens. ``address`` is what it listens on, with the port that the system chose."""

    socket: socket.socket
    address: Address
    inode: tuple[int, int] | None  #: device and inode of a Unix socket's file

    def remove(self) -> None:
        """Remove the socket's file, if it is still ours. May be called again."""
        if (
            isinstance(self.address, UnixAddress)
            and self.inode is not None
            and inode_of(self.address.path) == self.inode
        ):
            with suppress(FileNotFoundError):
                Path(self.address.path).unlink()

    def close(self) -> None:
        """Stop listening, and remove the file. May be called again."""
        self.socket.close()
        self.remove()


def listen_tcp(address: TcpAddress, backlog: int, *, shared: bool = False) -> Listening:
    """Listen on a port; raises ``OSError``. ``shared``: others of ours may have the same (SO_REUSEPORT, socket(7)).

    An address whose old connections are not yet forgotten is taken (SO_REUSEADDR), one that another process listens on
    never.
    """
    made = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if address.host == "::":
            # Both families, whatever the system's default is: kubelet uses the pod's first address.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((address.host, address.port))
        return listening(made, TcpAddress(address.host, made.getsockname()[1]), None, backlog)
    except BaseException:
        made.close()
        raise


def bind_unix(made: socket.socket, path: str, mode: int) -> tuple[int, int] | None:
    """Bind to a path, with permissions ``mode`` from the first moment on; return device and inode of the file."""
    # The umask is the whole process's: what another thread makes just now gets fewer permissions, never more.
    umask = os.umask(0o777 & ~mode)
    try:
        made.bind(path)
    finally:
        os.umask(umask)
    return inode_of(path)


def listening(made: socket.socket, address: Address, inode: tuple[int, int] | None, backlog: int) -> Listening:
    """Listen on a socket that is bound, and never block."""
    made.listen(backlog)
    made.setblocking(False)  # noqa: FBT003 - positional only
    return Listening(made, address, inode)


def inode_of(path: str) -> tuple[int, int] | None:
    """Return device and inode of what is at a path, not following a link; ``None``: nothing is."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
