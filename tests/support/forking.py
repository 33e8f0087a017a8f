"""gRPC in a process that starts others: what it does around a fork is switched off.

Tests run gRPC's servers, and start processes by ``fork`` (``preexec_fn``). gRPC's handlers find its threads at work,
and of 300 children 4 end with SIGABRT before they become another program. Nothing of gRPC's is used between fork and
exec, so there is nothing to be handled.
"""

import os

import grpc

_SETTING = "GRPC_ENABLE_FORK_SUPPORT"


def without_handlers() -> None:
    """Have gRPC read that setting now; it does so once. The processes that are started do not inherit it."""
    before = os.environ.get(_SETTING)
    os.environ[_SETTING] = "false"
    grpc.insecure_channel("unix:/nowhere").close()
    if before is None:
        del os.environ[_SETTING]
    else:
        os.environ[_SETTING] = before
