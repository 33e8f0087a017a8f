"""A process with gRPC in it starts others."""

import subprocess
import sys

_PROGRAM = """
import subprocess
from concurrent.futures import ThreadPoolExecutor
from sidecar.runtime.serving.forks import leave_forks_alone

{called}
import grpc

server = grpc.server(ThreadPoolExecutor(1))
server.add_insecure_port("127.0.0.1:0")
server.start()
for _ in range(20):
    subprocess.run(["true"], preexec_fn=lambda: None)
server.stop(0)
"""


def _said(called: str) -> str:
    command = [sys.executable, "-c", _PROGRAM.format(called=called)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr  # noqa: S603


def test_nothing_is_done_around_a_fork() -> None:
    """What gRPC does it says, where it finds threads at work: it says nothing."""
    assert _said("leave_forks_alone()") == ""


def test_otherwise_something_is() -> None:
    """Without it gRPC does; once that is no more so, there is nothing to be switched off."""
    assert "fork" in _said("import os; os.environ.pop('GRPC_ENABLE_FORK_SUPPORT', None)")
