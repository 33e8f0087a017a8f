"""Sockets to listen on: loopback and Unix ones. A Unix socket appears at its path finished, or not at all.

It is bound to another name, given its permissions and its group, listened on, and only then moved to its path: there is
no moment in which somebody could connect who may not, or be refused who may.
"""

import grp
import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.transport.address import (
    MAX_UNIX_PATH,
    Address,
    AddressError,
    TcpAddress,
    UnixAddress,
    is_local,
    refuse_if_taken,
)

BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """Who may connect to a Unix socket: permissions, and the group's name or number (``None``: the process's)."""

    mode: int = 0o660
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that listens. ``address`` is what it listens on, with the port that the system chose."""

    socket: socket.socket
    address: Address
    inode: tuple[int, int] | None  #: device and inode of a Unix socket's file

    def remove(self) -> None:
        """Remove the socket's file, if it is still ours. May be called again."""
        if isinstance(self.address, UnixAddress) and self.inode is not None and _inode(self.address.path) == self.inode:
            with suppress(FileNotFoundError):
                Path(self.address.path).unlink()


def listen(address: Address, options: SocketOptions, *, shared: bool) -> Listening:
    """Listen on ``address``; raises ``AddressError``. ``shared``: others of ours may have the same port."""
    if not is_local(address):
        raise AddressError(
            f"{address}: the native transport has no TLS and listens on loopback and Unix sockets only; "
            "for any other address write 'transport: grpcio', with 'tls'"
        )
    refuse_if_taken(address)
    try:
        if isinstance(address, TcpAddress):
            return _tcp(address, shared=shared)
        return _abstract(address) if address.path.startswith("@") else _unix(address, options)
    except OSError as error:
        raise AddressError(f"{address}: cannot listen there: {error.strerror or error}") from None


def _tcp(address: TcpAddress, *, shared: bool) -> Listening:
    made = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((address.host, address.port))
        return _listening(made, TcpAddress(address.host, made.getsockname()[1]), None)
    except BaseException:
        made.close()
        raise


def _abstract(address: UnixAddress) -> Listening:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind("\0" + address.path[1:])
        return _listening(made, address, None)
    except BaseException:
        made.close()
        raise


def _unix(address: UnixAddress, options: SocketOptions) -> Listening:
    path = Path(address.path)
    unfinished = path.with_name(f".{secrets.token_hex(4)}")
    if len(str(unfinished).encode()) > MAX_UNIX_PATH:
        raise AddressError(f"{address}: leaves no room beside it for a name of 9 characters; choose a shorter folder")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Nobody but us, until it has its permissions. The umask is the whole process's: what another thread makes just
        # now gets fewer permissions, never more.
        umask = os.umask(0o777)
        try:
            made.bind(str(unfinished))
        finally:
            os.umask(umask)
        if options.group is not None:
            os.chown(unfinished, -1, _group(address, options.group))
        unfinished.chmod(options.mode)
        listening = _listening(made, address, _inode(str(unfinished)))
        unfinished.replace(path)
    except BaseException:
        made.close()
        with suppress(FileNotFoundError):
            unfinished.unlink()
        raise
    return listening


def _group(address: UnixAddress, name: str) -> int:
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise AddressError(f"{address}: there is no group {name!r} for its socket; write a name or a number") from None


def _listening(made: socket.socket, address: Address, inode: tuple[int, int] | None) -> Listening:
    made.listen(BACKLOG)
    made.setblocking(False)  # noqa: FBT003 - positional only
    return Listening(made, address, inode)


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
