"""Sockets that listen, made so that nobody gets in who may not.

A Unix socket's file is made by bind(2) with the permissions that the umask leaves, so it is never wider than it should
be, and no path is looked up a second time. Connecting is possible from listen(2) on, which comes last.
"""

import socket
import stat
from pathlib import Path

from sidecar.transport.address import Address, AddressError, UnixAddress
from sidecar.transport.alone import alone_at
from sidecar.transport.sockets import Listening, bind_unix, listen_tcp, listening

_BACKLOG = 128


class ListenError(Exception):
    """An address that cannot be listened on. The text says why, and what to do."""


def listen(address: Address, mode: int = 0o600) -> Listening:
    """Listen on ``address``, a Unix socket with permissions ``mode``; raises ``ListenError``.

    A Unix socket on which nobody answers is replaced. TCP reuses an address whose old connections are not yet
    forgotten (SO_REUSEADDR), but never one that another process listens on.
    """
    try:
        if not isinstance(address, UnixAddress):
            return listen_tcp(address, _BACKLOG)
        with alone_at(address):
            return _unix(address, mode)
    except AddressError as error:
        raise ListenError(f"cannot listen on {error}") from None
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from None


def _unix(address: UnixAddress, mode: int) -> Listening:
    _clear(address)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        return listening(made, address, bind_unix(made, address.path, mode), _BACKLOG)
    except BaseException:
        made.close()
        raise


def _clear(address: UnixAddress) -> None:
    """Make room: remove a socket that a process left behind, and only that."""
    path = Path(address.path)
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
