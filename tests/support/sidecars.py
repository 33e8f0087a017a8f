"""A real sidecar, asked directly: its processes, its probes, its checks."""

import http.client
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from prometheus_client.parser import text_string_to_metric_families

from sidecar.demo.process import Process
from sidecar.demo.stack import sidecar_addresses, start_sidecar
from sidecar.demo.workspace import AUDIENCE, ISSUER, Workspace, prepare
from support.answers import Answer, read_answer
from support.fronts import CHECK
from support.processes import descendants, eventually, is_running, name_of
from support.requests import with_token

CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 1
probe: {{listen: "127.0.0.1:0"}}
shutdown_grace_seconds: 4
shared_memory_size: 1MiB
issuers: [{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
"""
#: The administration is on a Unix socket here.
_HTTP = re.compile(r"HTTP on ([^\s/]+)\s")


@dataclass(frozen=True)
class Sidecar:
    """A running sidecar."""

    workspace: Workspace
    process: Process

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return where its servers answer, in the order of their numbers: they say so in any order."""
        return tuple(sorted(sidecar_addresses(self.process), key=lambda address: (len(address), address)))

    def check(self, address: str, token: str | None = None, seconds: float = 20.0) -> Answer:
        """Ask one server about a request with ``token``; raises ``grpc.RpcError``."""
        return self.check_raw(address, with_token(token or self.workspace.token()), seconds)

    def check_raw(self, address: str, raw: bytes, seconds: float = 20.0) -> Answer:
        """Ask one server about any request; raises ``grpc.RpcError``."""
        with grpc.insecure_channel(address.replace("unix:@", "unix-abstract:")) as channel:
            call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want the serialisers that may be left out
            return read_answer(call(raw, timeout=seconds, wait_for_ready=True))

    @property
    def probe(self) -> str:
        """Return where the probe listener is; raises ``ConnectionRefusedError`` where it is not there yet."""
        addresses = _HTTP.findall(self.process.printed())
        if not addresses:
            raise ConnectionRefusedError("not listening yet")
        return str(addresses[-1])

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask the probe listener, once it is there: status and body. Servers may answer checks before it does."""
        eventually(self._listens)
        return self._get(path, **headers)

    def _listens(self) -> bool:
        return _HTTP.search(self.process.printed()) is not None

    def _get(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.probe, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Say whether the sidecar calls itself ready."""
        try:
            return self._get("/readyz")[0] == 200
        except OSError:
            return False

    def metric(self, line: str) -> float:
        """Return the value of the series that is written as ``line``; 0 where there is none."""
        for row in self.get("/metrics")[1].splitlines():
            name, _, value = row.rpartition(" ")
            if name == line:
                return float(value)
        return 0.0

    def checks(self, **labels: str) -> float:
        """Return how many checks it counts that have these labels, whatever the others are."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == "authz_checks_total" and labels.items() <= sample.labels.items()
        )

    def pids(self) -> list[int]:
        """Return all processes but the supervisor."""
        return list(descendants(self.process.pid))

    def pid(self, name: str) -> int:
        """Return the process of one child, ``server-0`` and so on; raises ``ProcessLookupError``."""
        for pid in self.pids():
            if name_of(pid) == f"authz-{name}"[:15]:
                return pid
        raise ProcessLookupError(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one child, return its process id. After SIGKILL it is gone: nobody connects to what dies."""
        pid = self.pid(name)
        os.kill(pid, number)
        assert number != signal.SIGKILL or eventually(lambda: not is_running(pid))
        return pid

    def printed(self) -> str:
        """Return what it logged."""
        return self.process.printed()


@contextmanager
def running_sidecar(
    folder: Path,
    text: str = CONFIGURATION,
    environment: Mapping[str, str] | None = None,
    before: Callable[[Path], object] = lambda _: None,
) -> Iterator[Sidecar]:
    """Run a sidecar until the context closes. ``before`` is given the folder, to put more files there."""
    before(folder)
    workspace = prepare(folder, text)
    with start_sidecar(workspace, environment=environment) as process:
        yield Sidecar(workspace, process)
