"""Sockets to listen on: loopback and Unix ones. A Unix socket appears at its path finished, or not at all.

It is bound to another name, given its permissions and its group, listened on, and only then moved to its path: there is
no moment in which somebody could connect who may not, or be refused who may.
"""

import grp
import logging
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
from sidecar.transport.alone import alone_at
from sidecar.transport.native.peers import IS_SUPPORTED, AllowedPeers
from sidecar.transport.sockets import Listening, bind_unix, listen_tcp, listening

BACKLOG: Final = 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """Who may connect to a Unix socket: permissions, and the group's name or number (``None``: the process's).

    And whose processes then may ask; ``None``: all that could connect. ``takes_over``: a server that answers at the
    path gets no new connections from then on, and those it has stay its own.
    """

    mode: int = 0o660
    group: str | None = None
    allowed_peers: AllowedPeers | None = None
    takes_over: bool = False


def listen(address: Address, options: SocketOptions, *, shared: bool) -> Listening:
    """Listen on ``address``; raises ``AddressError``. ``shared``: others of ours may have the same port."""
    if not is_local(address):
        raise AddressError(
            f"{address}: the native transport has no TLS and listens on loopback and Unix sockets only; "
            "for any other address write 'transport: grpcio', with 'tls'"
        )
    _refuse_unless_it_can_be_told(address, options)
    try:
        if isinstance(address, TcpAddress):
            return listen_tcp(address, BACKLOG, shared=shared)
        with alone_at(address):
            _refuse_if_taken(address, options)
            return _abstract(address) if address.path.startswith("@") else _unix(address, options)
    except OSError as error:
        raise AddressError(f"{address}: cannot listen there: {error.strerror or error}") from None


def _refuse_unless_it_can_be_told(address: Address, options: SocketOptions) -> None:
    # INVARIANT: where it was said who may connect, nobody is let in unseen.
    if options.allowed_peers is None:
        return
    if isinstance(address, TcpAddress):
        raise AddressError(f"{address}: who connects to a port cannot be told; 'native.allowed_peers' takes unix:/path")
    if not IS_SUPPORTED:
        raise AddressError(f"{address}: this system does not say who connects; 'native.allowed_peers' needs Linux")


def _refuse_if_taken(address: Address, options: SocketOptions) -> None:
    try:
        refuse_if_taken(address)
    except AddressError as error:
        is_path = isinstance(address, UnixAddress) and Path(address.path).is_socket()
        if not options.takes_over or not is_path:
            raise
        _log.warning("taking over: %s", error)


def _abstract(address: UnixAddress) -> Listening:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind("\0" + address.path[1:])
        return listening(made, address, None, BACKLOG)
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
        # Nobody but us, until it has its permissions.
        inode = bind_unix(made, str(unfinished), 0)
        if options.group is not None:
            os.chown(unfinished, -1, _group(address, options.group))
        unfinished.chmod(options.mode)
        finished = listening(made, address, inode, BACKLOG)
        unfinished.replace(path)
    except BaseException:
        made.close()
        with suppress(FileNotFoundError):
            unfinished.unlink()
        raise
    return finished


def _group(address: UnixAddress, name: str) -> int:
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise AddressError(f"{address}: there is no group {name!r} for its socket; write a name or a number") from None
