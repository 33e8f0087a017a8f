"""Sockets that listen, made so that nobody gets in who may not.

A Unix socket's file is made by bind(2) with the permissions that the umask leaves, so it is never wider than it should
be, and no path is looked up a second time. Connecting is possible from listen(2) on, which comes last.
"""

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sidecar.transport.address import Address, TcpAddress, UnixAddress

_BACKLOG = 128


class ListenError(Exception):
    """An address that cannot be listened on. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that listens. ``address`` is what it listens on, with the port that the system chose."""

    socket: socket.socket
    address: Address
    inode: tuple[int, int] | None  #: device and inode of a Unix socket's file

    def close(self) -> None:
        """Stop listening, and remove the file if it is still ours. May be called twice."""
        self.socket.close()
        if isinstance(self.address, UnixAddress) and _inode(self.address.path) == self.inode:
            with suppress(FileNotFoundError):
                Path(self.address.path).unlink()


def listen(address: Address, mode: int = 0o600) -> Listening:
    """Listen on ``address``, a Unix socket with permissions ``mode``; raises ``ListenError``.

    A Unix socket on which nobody answers is replaced. TCP reuses an address whose old connections are not yet
    forgotten (SO_REUSEADDR), but never one that another process listens on.
    """
    try:
        return _unix(address, mode) if isinstance(address, UnixAddress) else _tcp(address)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from None


def _tcp(address: TcpAddress) -> Listening:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.host == "::":
            # Both families, whatever the system's default is: kubelet uses the pod's first address.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((address.host, address.port))
        made.listen(_BACKLOG)
        made.setblocking(False)  # noqa: FBT003 - positional only
        return Listening(made, TcpAddress(address.host, made.getsockname()[1]), None)
    except BaseException:
        made.close()
        raise


def _unix(address: UnixAddress, mode: int) -> Listening:
    _clear(address)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The umask is the whole process's: what another thread makes just now gets fewer permissions, never more.
        umask = os.umask(0o777 & ~mode)
        try:
            made.bind(address.path)
        finally:
            os.umask(umask)
        inode = _inode(address.path)
        made.listen(_BACKLOG)
        made.setblocking(False)  # noqa: FBT003 - positional only
        return Listening(made, address, inode)
    except BaseException:
        made.close()
        raise


def _clear(address: UnixAddress) -> None:
    """Make room: remove a socket that a process left behind, and only that."""
    path = Path(address.path)
    if not path.parent.is_dir():
        raise ListenError(f"cannot listen on {address}: the folder {path.parent} does not exist; make it")
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found):
        raise ListenError(f"cannot listen on {address}: exists and is no socket; remove it or choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003 - positional only; one with a full backlog would keep us waiting
        try:
            probe.connect(address.path)
        except ConnectionRefusedError:
            path.unlink()
        except FileNotFoundError:
            return
        except BlockingIOError:
            raise _taken(address) from None
        else:
            raise _taken(address)


def _taken(address: UnixAddress) -> ListenError:
    return ListenError(f"cannot listen on {address}: another server answers there; stop it or choose another path")


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
