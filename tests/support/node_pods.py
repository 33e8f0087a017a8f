"""Pods on a real node: made as a controller would make them, looked at, and ended."""

import copy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from support import node as nodes
from support.manifests import SIDECAR, Object, pod_of, the
from support.node import Node
from support.processes import descendants, eventually

_SECONDS = 90
#: Its administration is on the pod's loopback.
_COUNTERS = """
import urllib.request
url = 'http://127.0.0.1:9901/stats?filter=%5Ecluster.authz.(upstream_rq|upstream_cx|health|outlier)&usedonly&type=Counters'
print(urllib.request.urlopen(url, timeout=10).read().decode())
"""


@dataclass(frozen=True, slots=True)
class NodePod:
    """One that was created for a node."""

    node: Node
    document: Object

    def status(self) -> Any:  # noqa: ANN401 - PodStatus
        """Return what kubelet says of it."""
        return self.node.api.read(self.document).raise_for_status().json()["status"]

    def is_there(self) -> bool:
        """Say whether the API server has it still; its containers have ended when it has not."""
        return self.node.api.read(self.document).is_success

    def is_ready(self) -> bool:
        """Say whether a Service would send it requests."""
        return any(one["type"] == "Ready" and one["status"] == "True" for one in self.status().get("conditions", ()))

    @property
    def uid(self) -> str:
        """Return what kubelet knows it by."""
        return str(self.node.api.read(self.document).json()["metadata"]["uid"])

    @property
    def address(self) -> str:
        """Return its address on the node's network."""
        return str(self.status()["podIP"])

    def container(self, name: str = SIDECAR) -> Any:  # noqa: ANN401 - ContainerStatus
        """Return what kubelet says of a container."""
        status = self.status()
        both = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
        return next(one for one in both if one["name"] == name)

    def container_id(self, name: str = SIDECAR) -> str:
        """Return what containerd knows a container by that runs."""
        return str(self.container(name)["containerID"]).removeprefix("containerd://")

    def processes(self, name: str = SIDECAR) -> Sequence[int]:
        """Return all processes of a container, the first one first."""
        first = self.node.first_process(self.container_id(name))
        return first, *descendants(first)

    def envoy_says(self) -> str:
        """Return what the pod's Envoy has counted of the sidecar: retries, time-outs and so on."""
        command = ["nsenter", "--net", "--target", str(self.processes("envoy")[0]), sys.executable, "-c", _COUNTERS]
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout  # noqa: S603 - ours

    def printed(self, name: str = SIDECAR) -> str:
        """Return what a container has printed, those before it too."""
        folder = self.node.folder / "logs"
        files = sorted(folder.glob(f"*_{self.document['metadata']['name']}_*/{name}/*.log"))
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def made_of(objects: Sequence[Object], name: str) -> dict[str, Any]:
    """Return a pod as a controller makes it of the one Deployment, for the node: no scheduler is asked."""
    pod = copy.deepcopy(pod_of(the(objects, "Deployment"), name))
    pod["spec"]["nodeName"] = nodes.NAME
    return pod


@contextmanager
def created(node: Node, document: Object) -> Iterator[NodePod]:
    """Create a pod; it is gone when the context closes, with its containers."""
    answer = node.api.create(document, dry_run=False)
    assert answer.is_success, answer.text
    pod = NodePod(node, document)
    try:
        yield pod
    finally:
        node.api.delete(document, seconds=1)
        assert eventually(lambda: not pod.is_there(), _SECONDS), pod.status()


@contextmanager
def running(node: Node, document: Object) -> Iterator[NodePod]:
    """Create a pod and wait until it is ready."""
    with created(node, document) as pod:
        assert eventually(pod.is_ready, _SECONDS), _trouble(pod)
        yield pod


def _trouble(pod: NodePod) -> str:
    status = pod.status()
    names = [one["name"] for kind in ("initContainers", "containers") for one in pod.document["spec"].get(kind, ())]
    return f"{status}\n" + "\n".join(f"{name}: {pod.printed(name)[-1000:]}" for name in names)


def restarted(pod: NodePod, before: Mapping[str, Any]) -> bool:
    """Say whether a container that was looked at before was started again, and is ready."""
    now = pod.container(before["name"])
    return bool(now["restartCount"] > before["restartCount"] and now["ready"])


def wait_until_restarted(pod: NodePod, before: Mapping[str, Any]) -> None:
    """Wait for that."""
    assert eventually(partial(restarted, pod, before), _SECONDS), _trouble(pod)
