"""The configurations of a node: containerd's, of the pods' network, kubelet's.

kubelet's is that of ``k8s/overlays/pinned/kubelet.yaml``, less what a machine of two CPUs cannot have.
"""

import json
import os
from pathlib import Path
from typing import Any

from support.api_server import ApiServer
from support.manifests import FOLDER, read

#: The image of what holds a pod's namespaces, by the name that containerd is told.
PAUSE = "authz.test/pause:1"
_PODS = "198.51.100.0/24"
#: That of the node (alone.sh).
NODE_ADDRESS = "192.0.2.1"


def write_files(folder: Path, api: ApiServer, plugins: Path) -> None:
    """Write what containerd, its network (by the plug-ins of that folder) and kubelet are started with."""
    network = folder / "network"
    network.mkdir()
    _write_json(network / "pods.conflist", _network(folder))
    (folder / "containerd.toml").write_text(_containerd(folder, network, plugins), encoding="utf-8")
    _write_json(folder / "kubelet.json", _kubelet(folder))
    secret = folder / "kubeconfig.json"
    secret.touch(mode=0o600)
    secret.write_text(api.kubeconfig(), encoding="utf-8")


def _write_json(path: Path, document: Any) -> None:  # noqa: ANN401 - JSON
    path.write_text(json.dumps(document), encoding="utf-8")


def _network(folder: Path) -> Any:  # noqa: ANN401 - JSON
    """Return a network by CNI: each pod is connected to the node, and to nobody else."""
    addresses = {"type": "host-local", "dataDir": str(folder / "addresses"), "ranges": [[{"subnet": _PODS}]]}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "ptp", "ipam": addresses}]}


def _containerd(folder: Path, network: Path, plugins: Path) -> str:
    return f"""\
version = 2
root = "{folder}/images"
state = "{folder}/containers"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  # Where this machine may not lower it, runc would give up.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{network}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def _kubelet(folder: Path) -> Any:  # noqa: ANN401 - kubelet's
    """Return kubelet's configuration: the overlay's, as far as two CPUs go, and what a node for tests needs."""
    (theirs,) = read(FOLDER / "overlays/pinned/kubelet.yaml")
    # The node's own share would be a whole CPU: pods would have one, and nothing beside a pinned sidecar.
    del theirs["reservedSystemCPUs"]
    options = theirs["cpuManagerPolicyOptions"]
    # The same once more: of two CPUs one is the sidecar's, the other one everybody's.
    del options["strict-cpu-reservation"]
    if Path("/sys/devices/system/cpu/smt/active").read_text(encoding="ascii").strip() == "1":
        del options["full-pcpus-only"]
    # All but 1.9 CPUs. Rounded up it is those that are not given away, which leaves one that is.
    theirs["kubeReserved"]["cpu"] = f"{1000 * (os.cpu_count() or 2) - 1900}m"
    return {
        **theirs,
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{os.environ['AUTHZ_NODE_GROUP']}",
        # Where the API server finds it, for kubectl's port-forward; nobody else is in this network.
        "address": NODE_ADDRESS,
        "readOnlyPort": 0,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "podLogsDir": str(folder / "logs"),
        "volumePluginDir": str(folder / "volumes"),
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "localStorageCapacityIsolation": False,
        "resolvConf": "",
        # A disk that is nearly full is this machine's matter, and images cannot be had again.
        "imageGCHighThresholdPercent": 100,
    }
