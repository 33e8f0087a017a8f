"""Looking whether an address is free and binding to it, with nobody between the two.

Whoever finds a stale Unix socket removes it, and a port that several may share (SO_REUSEPORT) lets everybody in. Of two
servers that begin at once each would find nobody, and then one rob the other. So one after the other does both.
"""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sidecar.transport.address import Address, AddressError, TcpAddress

#: Seconds that somebody else gets, who needs a millisecond; and between two attempts.
_PATIENCE: Final = 5.0
_AGAIN: Final = 0.01


@contextmanager
def alone_at(address: Address, patience: float = _PATIENCE) -> Iterator[None]:
    """Have nobody else in here for ``address``, who asks as well. It ends with the process; nothing is left behind.

    Raises ``AddressError`` where somebody stays for longer than ``patience`` seconds. Nothing in it may await: others
    of the same loop would wait for what cannot go on.
    """
    if isinstance(address, TcpAddress):
        yield from _at_port(address, patience)
    elif address.path.startswith("@"):
        yield  # bind(2) alone decides
    else:
        yield from _in_folder(address, Path(address.path).parent, patience)


def _in_folder(address: Address, folder: Path, patience: float) -> Iterator[None]:
    # Of the folder itself: a file of its own would stay, or be removed while somebody waits for it.
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise AddressError(f"{address}: the folder {folder} does not exist; make it") from None
    except OSError as error:
        raise AddressError(f"{address}: cannot read the folder {folder}: {error.strerror}; make it readable") from None
    try:
        _get(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), address, patience)
        yield
    finally:
        os.close(descriptor)


def _at_port(address: TcpAddress, patience: float) -> Iterator[None]:
    if address.port == 0 or sys.platform != "linux":
        yield  # nobody else gets it; and elsewhere there is nothing that belongs to a network, as ports do
        return
    with closing(socket.socket(socket.AF_UNIX)) as held:
        _get(lambda: held.bind(f"\0ext-authz-sidecar port {address.port}"), address, patience)
        yield


def _get(attempt: Callable[[], None], address: Address, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            attempt()
        except OSError:
            if time.monotonic() >= until:
                raise AddressError(f"{address}: somebody else is about to listen there, and does not end") from None
            time.sleep(_AGAIN)
        else:
            return
