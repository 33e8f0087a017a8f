"""What kubelet gives a pinned pod, and what the sidecar makes of it."""

import copy
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidecar.placement.cpulist import parse_cpulist
from support.load import Load
from support.manifests import SIDECAR, built, the
from support.node import Node
from support.node_pods import NodePod, created, made_of, running
from support.processes import eventually, name_of
from support.shop import ORDINARY, PINNED, Shop

pytestmark = pytest.mark.timeout(400)

Tell = Callable[[str], None]


def _cpus(pid: int) -> frozenset[int]:
    """Return the CPUs that a process may run on, as the kernel has them."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (found,) = re.findall(r"^Cpus_allowed_list:\t(.*)$", status, re.MULTILINE)
    return parse_cpulist(found)


def _cpus_of(pod: NodePod, container: str) -> set[frozenset[int]]:
    return {_cpus(pid) for pid in pod.processes(container)}


def test_the_sidecar_has_a_cpu_for_itself(node: Node, shop: Shop, tell: Tell) -> None:
    """All of its processes run on the CPU that was given away, all others of the pod elsewhere; and it serves Envoy."""
    with running(node, made_of(built(PINNED), "one")) as pod:
        assert pod.status()["qosClass"] == "Guaranteed"
        given = node.exclusive_cpus()[pod.uid]
        assert given.keys() == {SIDECAR}
        cpus = parse_cpulist(given[SIDECAR])
        assert len(cpus) == 1
        assert _cpus_of(pod, SIDECAR) == {cpus}
        # What it sees itself, rather than what is seen of it.
        assert node.execute(pod.container_id(), *_PYTHON, _ASKED).strip() == str(sorted(cpus))
        for other in ("envoy", "orders"):
            assert all(cpus.isdisjoint(one) for one in _cpus_of(pod, other))
        names = sorted(name_of(pid) for pid in pod.processes())
        with Load(8080, shop.request, connections=4, host=pod.address, least=2000) as load:
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        tell(f"given away: {dict(given)}; the sidecar's processes are on {sorted(cpus)}: {', '.join(names)}")
        tell(
            f"Envoy's are on {sorted(*_cpus_of(pod, 'envoy'))}, the application's on {sorted(*_cpus_of(pod, 'orders'))}"
        )
        tell(f"through the pod's Envoy: {load.answered} requests, all with 200")


_PYTHON = ("/opt/authz/bin/python", "-c")
_ASKED = "from sidecar.placement.apply import allowed_cpus; print(sorted(allowed_cpus()))"


def test_a_second_one_is_refused(node: Node, shop: Shop, tell: Tell) -> None:
    """There is no other CPU to give away: the node itself refuses the pod, and the first one goes on."""
    with running(node, made_of(built(PINNED), "one")) as pod, created(node, made_of(built(PINNED), "two")) as other:
        assert eventually(lambda: other.status().get("phase") == "Failed", 60), other.status()
        assert other.status()["reason"] == "TopologyAffinityError"
        assert pod.is_ready()
        assert node.exclusive_cpus().keys() == {pod.uid}
        with Load(8080, shop.request, connections=1, host=pod.address, least=100) as load:
            load.finish()
        assert set(load.statuses) == {"200"}
        tell(f"a second pinned pod: {other.status()['reason']}: {other.status()['message']}")


def _unsized(objects: Sequence[Any]) -> tuple[Any, Any]:
    """Return a ConfigMap that does not say how many processes, and a pod that has it."""
    pod = made_of(objects, "one")
    (source,) = (one for one in pod["spec"]["volumes"] if one["name"] == "authz-config")
    named = source["projected"]["sources"][0]["configMap"]
    config = copy.deepcopy(the(objects, "ConfigMap", named["name"]))
    text = re.sub(r"^(servers|verification_workers): .*\n", "", config["data"]["authz.yaml"], flags=re.MULTILINE)
    assert text.count("\n") == config["data"]["authz.yaml"].count("\n") - 2
    config["data"]["authz.yaml"] = text
    config["metadata"]["name"] = named["name"] = "authz-config-unsized"
    return config, pod


@pytest.mark.parametrize(("overlay", "expected"), [(PINNED, {"server-0"}), (ORDINARY, {"server-0", "verifier-"})])
def test_it_sizes_itself(overlay: Path, expected: set[str], node: Node, shop: Shop, tell: Tell) -> None:
    """Without numbers there are as many processes as there are CPUs: one's own, or those that all share."""
    config, document = _unsized(built(overlay))
    assert node.api.apply(config).is_success
    with running(node, document) as pod:
        found = {name_of(pid).removeprefix("authz-") for pid in pod.processes()}
        # The kernel keeps 15 bytes of a name: one of a verifier's digits less than there are.
        numbered = {name for name in found if name.startswith(("server-", "verifier-"))}
        # Those of all CPUs are as many more as there are more of them.
        assert (numbered == expected) if overlay is PINNED else (numbered >= expected), found
        assert eventually(partial(_serves, pod, shop))
        tell(f"{overlay.name}, without numbers in its configuration: {', '.join(sorted(numbered))}")


def _serves(pod: NodePod, shop: Shop) -> bool:
    with Load(8080, shop.request, connections=1, host=pod.address, least=50) as load:
        load.finish()
    return set(load.statuses) == {"200"}
