"""Free ports of loopback, for programs that must be told theirs."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """Return so many different ones, of which somebody else may still take one before it is used."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def free_port() -> int:
    """Return one."""
    return free_ports(1)[0]
