"""gRPC in a process that starts others: what it does around a fork is switched off, as it is in servers.

Tests run gRPC's servers, and start processes by ``fork`` (``preexec_fn``). gRPC's handlers find its threads at work,
and of 300 children 4 to 9 end with SIGABRT before they become another program (``sidecar.runtime.serving.forks``).
"""

import os
from importlib import import_module

from sidecar.runtime.serving.forks import leave_forks_alone


def without_handlers() -> None:
    """Have gRPC read that setting now, as it is imported. The processes that are started do not inherit it."""
    before = dict(os.environ)
    leave_forks_alone()
    import_module("grpc").insecure_channel("unix:/nowhere").close()
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
