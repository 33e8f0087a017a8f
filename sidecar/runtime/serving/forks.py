"""Children of a process that has gRPC in it."""

import os
from typing import Final

_SETTING: Final = "GRPC_ENABLE_FORK_SUPPORT"


def leave_forks_alone() -> None:
    """Have gRPC do nothing around a fork, unless somebody has said otherwise; to be called before it is imported.

    What it would do ends one in a hundred children with SIGABRT before they become another program, such as a process
    for hooks. No child of a server goes on with its gRPC, so there is nothing to be done.
    """
    os.environ.setdefault(_SETTING, "false")
