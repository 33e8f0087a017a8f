"""A node of a cluster: containerd and kubelet, in the namespaces that ``tests/node/alone.sh`` makes for them."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.api_server import ApiServer
from support.node_files import NODE_ADDRESS, write_files
from support.processes import eventually

NAME = "node"
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Programs:
    """What a node is made of: kubelet, plug-ins for the network, a tar of images, and the names of those in it.

    ``images`` has the name in the tar under the one in the manifests.
    """

    kubelet: Path
    plugins: Path
    archive: Path
    images: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """One that runs the pods of an API server."""

    api: ApiServer
    folder: Path

    def ctr(self, *command: str) -> str:
        """Return what containerd's own client prints."""
        done = subprocess.run(  # noqa: S603 - Debian's
            ["ctr", "--address", str(self.folder / "containerd.sock"), "--namespace", "k8s.io", *command],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"ctr {' '.join(command)}: {done.stderr}"
        return done.stdout

    def status(self) -> Any:  # noqa: ANN401 - NodeStatus
        """Return what the API server has of it; nothing, before kubelet has said who it is."""
        answer = self.api.read({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}})
        return answer.json()["status"] if answer.is_success else {}

    def is_ready(self) -> bool:
        """Say whether it takes pods."""
        return any(one["type"] == "Ready" and one["status"] == "True" for one in self.status().get("conditions", ()))

    def first_process(self, container: str) -> int:
        """Return the process id of a container's first process, as this namespace numbers it."""
        rows = (line.split() for line in self.ctr("tasks", "ls").splitlines()[1:])
        return next(int(pid) for name, pid, *_ in rows if name == container)

    def execute(self, container: str, *command: str) -> str:
        """Return what a command prints that is run in a container."""
        return self.ctr("tasks", "exec", "--exec-id", os.urandom(8).hex(), container, *command)

    def exclusive_cpus(self) -> Mapping[str, Mapping[str, str]]:
        """Return what the CPU Manager has given away: lists of CPUs by pod (its uid) and container."""
        state = json.loads((self.folder / "kubelet/cpu_manager_state").read_text(encoding="ascii"))
        found: Mapping[str, Mapping[str, str]] = state.get("entries", {})
        return found


@contextmanager
def running_node(api: ApiServer, programs: Programs) -> Iterator[Node]:
    """Run one until the context closes; it is ready for pods that name it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="node-")))
        write_files(folder, api, programs.plugins)
        node = Node(api, folder)
        stack.callback(_let_go, folder)
        stack.enter_context(_running(folder, ["containerd", "--config", str(folder / "containerd.toml")]))
        assert eventually(lambda: _answers(node), _SECONDS), _said(folder, "containerd")
        node.ctr("images", "import", "--no-unpack", str(programs.archive))
        for name, ours in programs.images.items():
            node.ctr("images", "tag", f"docker.io/library/{ours}", name)
        stack.enter_context(_running(folder, [str(programs.kubelet), *_kubelet_arguments(folder)]))
        stack.callback(_kill_all, node)
        assert eventually(node.is_ready, _SECONDS), _said(folder, "kubelet")
        yield node


def _answers(node: Node) -> bool:
    try:
        return "Server:" in node.ctr("version")
    except AssertionError:
        return False


def _said(folder: Path, program: str) -> str:
    return (folder / f"{program}.log").read_text(encoding="utf-8", errors="replace")[-4000:]


@contextmanager
def _running(folder: Path, command: Sequence[str]) -> Iterator[None]:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:  # noqa: S603 - ours, Debian's
        try:
            yield
        finally:
            process.kill()


def _kill_all(node: Node) -> None:
    """End all containers: what they have mounted cannot be removed before. The rest ends with the namespaces."""
    for line in node.ctr("tasks", "ls").splitlines()[1:]:
        subprocess.run(["kill", "-KILL", line.split()[1]], check=False, timeout=_SECONDS)  # noqa: S603, S607


def _let_go(folder: Path) -> None:
    """Unmount all that is mounted below a folder, so that it can be removed; the last first."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    for one in reversed([one for one in mounted if one.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", one], check=False, timeout=_SECONDS)  # noqa: S603, S607


def _kubelet_arguments(folder: Path) -> Sequence[str]:
    named = {
        "config": folder / "kubelet.json",
        "kubeconfig": folder / "kubeconfig.json",
        "root-dir": folder / "kubelet",
        "cert-dir": folder / "certs",
        "hostname-override": NAME,
        "node-ip": NODE_ADDRESS,
        "v": 2,
    }
    return [f"--{name}={value}" for name, value in named.items()]
