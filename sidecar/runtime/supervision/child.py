"""How every child begins and how it ends.

It ends when the supervisor does, however that ends: it reads a pipe whose only writing end is the supervisor's, in a
thread, so that one whose loop hangs ends too. The parent-death signal (prctl(2)) is not enough: under forkserver it
would watch the wrong parent.
"""

import ctypes
import importlib
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field

from sidecar.placement.apply import PinError, pin
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.shared import Shared
from sidecar.runtime.log_format import LOG_FORMAT

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15  # prctl(2)
#: Exit code of a child whose supervisor is gone.
ORPHANED = 70
#: Exit code for what will be the same at the next start: an address that is taken. As ``cli.exit_codes`` has it.
UNAVAILABLE = 3
#: Exit code of a verifier that has left: nobody hands it anything more, and what it had is answered.
LEFT = 71
#: Signals that mean something else in a child than in the supervisor: held back from its start until it has said what.
SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What a child is given."""

    member: Member
    incarnation: int
    fleet: Fleet
    shared: Shared
    lifeline: Handle  #: the reading end
    #: Under fork alone: ends that are the supervisor's, and that the child must close.
    foreign: tuple[int, ...]
    snapshot: Handle
    #: Ends of channels: a server has its own; control has that to the supervisor, and those to all servers, in order.
    channels: tuple[socket.socket, ...]
    config: str  #: the file, for reloads
    log_level: str
    supervisor: int = field(default_factory=os.getpid)


#: Not imported here: the supervisor imports this module, and grpc must stay out of it.
_MAINS = {
    Role.CONTROL: "sidecar.runtime.control.control",
    Role.SERVER: "sidecar.runtime.serving.server",
    Role.VERIFIER: "sidecar.runtime.serving.verifier",
    Role.MINTER: "sidecar.runtime.serving.minter",
}


def run_child(spec: ChildSpec) -> None:
    """Be that child, from its first instruction to its exit."""
    for fd in spec.foreign:
        os.close(fd)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # Ctrl-C in a terminal, and its being closed, goes to the whole group; the supervisor ends the children in order.
    # SIGHUP is control's as soon as it hears it; before that it reads the files anyway.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    # Pinned before the first thread, and before anything large is imported or touched (placement.apply).
    _pin(spec.member)
    _end_with_supervisor(spec)
    logging.basicConfig(level=spec.log_level.upper(), format=LOG_FORMAT, force=True)
    sys.exit(importlib.import_module(_MAINS[spec.member.role]).run(spec))


def _pin(member: Member) -> None:
    if member.place.cpus is None:
        return
    try:
        pin(member.place.cpus)
    except PinError as error:
        logging.basicConfig(format=LOG_FORMAT)
        _log.warning("%s runs anywhere: %s", member.name, error)


def _end_with_supervisor(spec: ChildSpec) -> None:
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        # Tokens and keys are in our memory: no core dumps, no ptrace by others of the same user.
        prctl(_PR_SET_DUMPABLE, 0)
        # What top and ps show; 15 bytes of it.
        prctl(_PR_SET_NAME, f"authz-{spec.member.name}".encode())
        if os.getppid() == spec.supervisor:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(spec.lifeline.fd,), name="lifeline", daemon=True).start()


def _watch(fd: int) -> None:
    while True:
        try:
            if os.read(fd, 1) == b"":
                os._exit(ORPHANED)
        except InterruptedError:
            continue
