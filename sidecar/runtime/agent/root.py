"""Processes that the agent starts: another program each, so that nothing of ours is in them, with all that they start.

Each begins a session, and so a process group. When it has ended, whatever is left of the group is killed before the
kernel may give its number to anybody else, which it may once the first process has been waited for.
"""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

#: What processes get of our own environment. Secrets that are in it are nobody's, and ``AUTHZ_…`` would be everybody's.
_PASSED_ON = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
_PASSED_ON_PREFIXES = ("KUBERNETES_SERVICE_", "MALLOC_", "GRPC_")


@dataclass(slots=True)
class Root:
    """The first process of a tree. ``channel`` is our end of a pair of sockets with it."""

    process: "subprocess.Popen[bytes]" = field(repr=False)
    channel: socket.socket = field(repr=False)
    watch: int  #: becomes readable when it has ended

    @classmethod
    def start(cls, module: str, arguments: Sequence[str], environment: Mapping[str, str], kind: int) -> Self:
        """Start a module of ours as a program; raises ``OSError``. ``kind`` is that of the pair of sockets.

        It is given ``--channel`` and ``--parent``, beside ``arguments``.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        ours.setblocking(False)  # noqa: FBT003 - positional only
        more = [f"--channel={theirs.fileno()}", f"--parent={os.getpid()}"]
        try:
            with theirs:
                process = subprocess.Popen(  # noqa: S603 - a module of ours
                    [sys.executable, "-P", "-m", module, *arguments, *more],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**passed_on(os.environ), **environment},
                    cwd="/",
                    start_new_session=True,
                )
            watch = _watch(process)
        except BaseException:
            ours.close()
            raise
        return cls(process, ours, watch)

    @property
    def pid(self) -> int:
        """Return the process id, which is the group's as well."""
        return self.process.pid

    def has_ended(self) -> bool:
        """Say whether the first process has ended."""
        poll = select.poll()
        poll.register(self.watch, select.POLLIN)
        return bool(poll.poll(0))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the first process alone: it ends its children by itself."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.watch, number)

    def kill(self) -> None:
        """Kill all of it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def bury(self) -> int:
        """Return how the first process, which has ended, did so; whatever it left behind is killed."""
        self.kill()
        status = self.process.wait()
        self.channel.close()
        os.close(self.watch)
        return status


def taken_channel(descriptor: int) -> socket.socket:
    """Return the other end of ``channel``, in the process that was started: its own alone, and of none that it starts.

    It was passed on by being inheritable, and would be to any program that is executed from here.
    """
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    return channel


def _watch(process: "subprocess.Popen[bytes]") -> int:
    try:
        return os.pidfd_open(process.pid)
    except OSError:
        # Out of descriptors: nobody must run whom nobody watches.
        process.kill()
        process.wait()
        raise


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of our environment others get."""
    return {
        name: value for name, value in environment.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
