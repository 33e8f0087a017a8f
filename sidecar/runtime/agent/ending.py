"""How every process of the agent's ends with it."""

import ctypes
import os
import signal
import sys
from typing import Final

#: Exit code of one whose agent is gone; as that of a child without supervisor.
ORPHANED: Final = 70
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # prctl(2)


def end_with(parent: int) -> None:
    """Have this process killed when the one that started it ends, or end it now where that is gone already."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Keys are read here: no core dumps, and no ptrace by other tenants, whose user is the same.
    prctl(_PR_SET_DUMPABLE, 0)
    if os.getppid() != parent:
        sys.exit(ORPHANED)
