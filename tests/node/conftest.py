"""A cluster with one node, for all tests of a run. ``make test-node`` has what it takes; otherwise they are skipped."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.api_server import running_api_server
from support.manifests import FOLDER, read
from support.node import Node, Programs, running_node
from support.node_files import PAUSE
from support.shop import Shop, opened

#: What it takes, as ``make test-node`` and ``alone.sh`` say.
_NEEDED = ("AUTHZ_KUBE", "AUTHZ_CNI", "AUTHZ_NODE_GROUP", "AUTHZ_NODE_IMAGES", "AUTHZ_IMAGE", "AUTHZ_PEERS_IMAGE")

#: What the manifests name (docs/releasing.md).
_RELEASE = read(FOLDER / "chart/Chart.yaml")[0]["appVersion"]
#: What Envoy gives a check. Its own 0.2 is enough where nobody else wants the processors.
_CHECK_SECONDS = float(os.environ.get("AUTHZ_NODE_CHECK_SECONDS", "1"))


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """Return the node: an API server, containerd and kubelet."""
    missing = [name for name in _NEEDED if name not in os.environ]
    if missing:
        pytest.skip(f"no node ({missing[0]} is not set): make test-node makes one (needs root, Docker, containerd, Go)")
    kube = Path(os.environ["AUTHZ_KUBE"])
    images = {
        PAUSE: "authz-node-echo:dev",
        "docker.io/traefik/whoami:v1.11": "authz-node-echo:dev",
        f"docker.io/library/ext-authz-sidecar:{_RELEASE}": os.environ["AUTHZ_IMAGE"],
        "docker.io/envoyproxy/envoy:distroless-v1.40.0": os.environ["AUTHZ_PEERS_IMAGE"],
    }
    archive, plugins = Path(os.environ["AUTHZ_NODE_IMAGES"]), Path(os.environ["AUTHZ_CNI"])
    with (
        running_api_server(kube) as api,
        running_node(api, Programs(kube / "kubelet", plugins, archive, images)) as found,
    ):
        yield found


@pytest.fixture(scope="session")
def shop(node: Node) -> Shop:
    """Return the namespace of the overlays, with what pods in it are given."""
    return opened(node, _CHECK_SECONDS)


@pytest.fixture(scope="session")
def tell(node: Node) -> Iterator[Callable[[str], None]]:
    """Return what a test says what it measured with; ``AUTHZ_NODE_REPORT`` is the file that has all of it."""
    info = node.status()["nodeInfo"]
    programs = ", ".join(info[name] for name in ("kubeletVersion", "containerRuntimeVersion", "kernelVersion"))
    lines = [f"{programs}, {os.cpu_count()} CPUs, of which {node.status()['allocatable']['cpu']} are for pods"]
    lines.append(f"Envoy gives a check {_CHECK_SECONDS:g} s")
    yield lines.append
    if "AUTHZ_NODE_REPORT" in os.environ:
        text = "".join(f"{line}\n" for line in lines)
        Path(os.environ["AUTHZ_NODE_REPORT"]).write_text(text, encoding="utf-8")
