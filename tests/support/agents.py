"""A real node agent with real tenants, asked as Envoy, kubelet and Prometheus would."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from prometheus_client.parser import text_string_to_metric_families

from sidecar.demo.process import Process
from sidecar.http.unix_client import UnixConnection
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.tokens.mint import mint
from support.answers import Answer, read_answer
from support.fronts import CHECK
from support.processes import descendants
from support.requests import with_token

ISSUER = "https://idp.example"
#: Of one process, which is as small as it gets.
TENANT = """\
listen: unix:{sockets}/{name}/authz.sock
enable_multiprocessing: false
native: {{allowed_peers: {{users: [{user}]}}}}
shared_memory_size: 1MiB
shutdown_grace_seconds: 3
issuers: [{{issuer: "https://idp.example", audiences: ["{name}"], keys: {{file: jwks.json}}}}]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
"""
#: Of a supervisor, control and one server.
PROCESSES = TENANT.replace("enable_multiprocessing: false", "servers: 1\nverification_workers: 0")


@dataclass
class Node:
    """Folders of a node. All tenants have one issuer with one key: what keeps them apart is nothing but the agent."""

    folder: Path
    key: SigningKey = field(default_factory=generate)

    def __post_init__(self) -> None:
        """Make the folders."""
        for name in ("tenants", "sockets", "run"):
            (self.folder / name).mkdir()

    def tenant(self, name: str) -> Path:
        """Return a tenant's folder."""
        return self.folder / "tenants" / name

    def socket(self, name: str) -> Path:
        """Return where it answers checks."""
        return self.folder / "sockets" / name / "authz.sock"

    def write(self, name: str, text: str = TENANT, **more: object) -> None:
        """Write a tenant's folder, or its configuration anew; it appears as a whole."""
        user = more.pop("user", 0)
        text = text.format(sockets=self.folder / "sockets", name=name, user=user, **more)
        folder = self.tenant(name)
        made = folder if folder.exists() else self.folder / name
        made.mkdir(exist_ok=True)
        (made / "jwks.json").write_text(key_set_document([self.key]), encoding="utf-8")
        unfinished = made / ".unfinished"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(made / "authz.yaml")
        made.rename(folder)

    def token(self, *audiences: str, subject: str = "alice") -> str:
        """Mint a token for tenants."""
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": subject, "aud": list(audiences), "iat": now, "exp": now + 3600}
        return mint(self.key, claims)  # type: ignore[arg-type]  # JSON

    def check(self, name: str, token: str, seconds: float = 20.0) -> Answer:
        """Ask a tenant over a new connection; raises ``grpc.RpcError`` where nobody listens."""
        with grpc.insecure_channel(f"unix:{self.socket(name)}") as channel:
            call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want the serialisers that may be left out
            return read_answer(call(with_token(token), timeout=seconds))

    def is_allowed(self, name: str) -> bool:
        """Say whether a tenant answers, and lets one of its own in."""
        try:
            return self.check(name, self.token(name), seconds=5.0).allowed
        except grpc.RpcError:
            return False

    def is_denied_for_want_of_a_listener(self, name: str) -> bool:
        """Say whether nobody answers there."""
        try:
            self.check(name, self.token(name), seconds=5.0)
        except grpc.RpcError as error:
            return bool(error.code() is grpc.StatusCode.UNAVAILABLE)
        return False


@dataclass(frozen=True)
class RunningAgent:
    """An agent that runs on a node."""

    node: Node
    process: Process
    desk: Path

    def get(self, path: str) -> tuple[int, str]:
        """Ask its desk; raises ``OSError`` where that is away."""
        with closing(UnixConnection(str(self.desk), 20.0)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def tenants(self) -> dict[str, dict[str, object]]:
        """Return what the desk knows of tenants, by name; nothing where it is away."""
        try:
            found = json.loads(self.get("/tenants")[1])["tenants"]
        except OSError:
            return {}
        return {one["tenant"]: one for one in found}

    def wait_for(self, *names: str) -> None:
        """Wait until these tenants are ready; raises ``ProcessError`` where they do not become so."""
        self.process.wait_for(lambda: self.desk.exists() and self.is_ready(*names), "the agent", 60.0)

    def is_ready(self, *names: str) -> bool:
        """Say whether these tenants are ready, by the desk."""
        found = self.tenants()
        return all(found.get(name, {}).get("ready") is True for name in names)

    def phase(self, name: str) -> object:
        """Return a tenant's phase; ``None`` where it is not known."""
        return self.tenants().get(name, {}).get("phase")

    def sample(self, series: str, tenant: str, **labels: str) -> float:
        """Return the sum of a tenant's samples with these labels."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        wanted = {"tenant": tenant, **labels}.items()
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == series and wanted <= sample.labels.items()
        )

    def pids(self) -> list[int]:
        """Return all processes but the agent."""
        return list(descendants(self.process.pid))

    def children(self) -> list[int]:
        """Return the processes that are the agent's own children."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return list(map(int, path.read_text("ascii").split()))

    def root(self, name: str) -> int | None:
        """Return the first process of a tenant; ``None`` where none serves."""
        for pid in self.children():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if f"/{name}/authz.yaml".encode() in command:
                return pid
        return None


@contextmanager
def a_node() -> Iterator[Node]:
    """Yield the folders of a node, with a short name: sockets' paths may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="node"))
    folder.chmod(0o711)
    try:
        yield Node(folder)
    finally:
        shutil.rmtree(folder)


@contextmanager
def starting_agent(node: Node, run: str = "run") -> Iterator[RunningAgent]:
    """Run an agent until the context closes, from its first instruction on."""
    folder = node.folder
    (folder / run).mkdir(exist_ok=True)
    desk = folder / run / "desk.sock"
    options = [f"--tenants={folder}/tenants", f"--sockets={folder}/sockets", f"--run={folder}/{run}"]
    command = [sys.executable, "-m", "sidecar", "agent", *options, f"--probe=unix:{desk}"]
    with Process(command, folder / f"{run}.log") as process:
        yield RunningAgent(node, process, desk)


@contextmanager
def running_agent(node: Node, *ready: str) -> Iterator[RunningAgent]:
    """Run an agent until the context closes; these tenants are ready then."""
    with starting_agent(node) as agent:
        agent.wait_for(*ready)
        yield agent
