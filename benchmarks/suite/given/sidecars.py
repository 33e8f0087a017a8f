"""A real sidecar with a configuration, in a folder of its own."""

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from peers import cpu

from sidecar.demo.process import Process
from sidecar.demo.stack import start_sidecar
from sidecar.demo.workspace import AUDIENCE, ISSUER, Workspace, prepare

CONFIGURATION = f"""\
listen: {{listen}}
servers: SERVERS
transport: TRANSPORT
verification_workers: VERIFIERS
probe: {{listen: false}}
admin: {{listen: "unix:FOLDER/admin.sock"}}
issuers: [{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
"""


def workspace(stack: ExitStack, *, servers: int = 1, verifiers: int = 0, transport: str = "native") -> Workspace:
    """Return a prepared folder, which is gone when ``stack`` closes."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    text = CONFIGURATION.replace("FOLDER", str(folder)).replace("TRANSPORT", transport)
    return prepare(folder, text.replace("SERVERS", str(servers)).replace("VERIFIERS", str(verifiers)))


def started(stack: ExitStack, made: Workspace, environment: dict[str, str] | None = None) -> Process:
    """Start a sidecar, which ends when ``stack`` closes; all its servers answer."""
    return stack.enter_context(start_sidecar(made, environment=environment))


def family(process: Process, names: Iterable[str] = ()) -> list[int]:
    """Return a process and all that descend from it; with ``names`` those alone whose names begin with one of them."""
    pids = cpu.tree(process.pid)
    wanted = tuple(names)
    return [pid for pid in pids if cpu.name(pid).startswith(wanted)] if wanted else pids


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that processes have had."""
    return cpu.nanoseconds(pids) / 1e9
