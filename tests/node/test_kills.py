"""A sidecar's processes and containers are killed while a real Envoy in the same pod is asked."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.gateway import running_gateway
from support.load import Load
from support.manifests import SIDECAR, built
from support.node import Node
from support.node_pods import NodePod, made_of, running, wait_until_restarted
from support.processes import eventually, name_of
from support.shop import DOUBLED, ORDINARY, PINNED, PINNED_TWO, Shop

pytestmark = pytest.mark.timeout(400)

Tell = Callable[[str], None]
#: Connections that each have one request at a time; Envoy in the pod has 0.4 CPUs.
_CONNECTIONS = 4


def _load(shop: Shop, host: str, port: int = 8080) -> Load:
    return Load(port, shop.request, connections=_CONNECTIONS, host=host)


def _go_on(load: Load, more: int = 300) -> None:
    seen = load.answered
    assert eventually(lambda: load.answered > seen + more, 60), load.statuses


def _kill(pod: NodePod, container: str = SIDECAR) -> float:
    """Kill a container by its first process, which takes all others along; return seconds until it is ready again."""
    before = pod.container(container)
    first = pod.processes(container)[0]
    began = time.monotonic()
    os.kill(first, signal.SIGKILL)
    wait_until_restarted(pod, before)
    return time.monotonic() - began


def _server(pod: NodePod) -> int:
    return next((pid for pid in pod.processes() if name_of(pid) == "authz-server-0"), 0)


def test_a_server_is_killed(node: Node, shop: Shop, tell: Tell) -> None:
    """No request is lost with one of the two server processes of the pinned sidecar."""
    with running(node, made_of(built(PINNED), "one")) as pod, _load(shop, pod.address) as load:
        _go_on(load)
        for _ in range(3):
            victim = _server(pod)
            os.kill(victim, signal.SIGKILL)
            assert eventually(lambda: _server(pod) not in {victim, 0}), pod.printed()  # noqa: B023 - asked at once
            _go_on(load)
        load.finish()
        assert set(load.statuses) == {"200"}, f"{load.statuses}\n{pod.envoy_says()}"
        assert pod.container()["restartCount"] == 0
        tell(f"a server process killed 3 times: {load.answered} requests, all with 200")


def test_the_only_sidecar_container_is_killed(node: Node, shop: Shop, tell: Tell) -> None:
    """Until kubelet has started it again Envoy denies with 503, and lets nobody in; then all is as before."""
    with running(node, made_of(built(PINNED), "one")) as pod, _load(shop, pod.address) as load:
        _go_on(load)
        before = pod.container()
        began = time.monotonic()
        os.kill(pod.processes()[0], signal.SIGKILL)
        assert eventually(lambda: _lost(load) > 0), load.statuses
        served = load.statuses["200"]
        assert eventually(lambda: load.statuses["200"] > served + 10, 60), load.statuses
        seconds = time.monotonic() - began
        wait_until_restarted(pod, before)
        _go_on(load)
        load.finish()
        assert {status[:3] for status in load.statuses} == {"200", "503"}, load.statuses
        tell(f"the only sidecar container killed: 503 for {seconds:.1f} s, {_lost(load)} of {load.answered} requests")


def _lost(load: Load) -> int:
    return load.answered - load.statuses["200"]


@pytest.mark.parametrize(
    ("overlay", "which"),
    [(PINNED_TWO, SIDECAR), (DOUBLED, SIDECAR), (DOUBLED, f"{SIDECAR}-second")],
    ids=["pinned", "first", "second"],
)
def test_one_of_two_sidecar_containers_is_killed(overlay: Path, which: str, node: Node, shop: Shop, tell: Tell) -> None:
    """With ``components/second-sidecar`` no request is lost with either, nor with the pinned one."""
    with running(node, made_of(built(overlay), "one")) as pod, _load(shop, pod.address) as load:
        _go_on(load)
        seconds = _kill(pod, which)
        _go_on(load)
        load.finish()
        assert set(load.statuses) == {"200"}, f"{load.statuses}\n{pod.envoy_says()}"
        where = "the pinned pod with a second sidecar" if overlay == PINNED_TWO else "overlays/doubled"
        tell(f"{where}, {which} killed: ready again after {seconds:.1f} s; {load.answered} requests, all with 200")


def test_a_container_is_killed_behind_a_gateway(node: Node, shop: Shop, tell: Tell, tmp_path: Path) -> None:
    """With two pods behind an Envoy that asks the other one on 503 no request is lost."""
    with (
        running(node, made_of(built(PINNED), "one")) as pod,
        running(node, made_of(built(ORDINARY), "two")) as other,
        running_gateway(tmp_path, [pod.address, other.address]) as gateway,
        _load(shop, "127.0.0.1", gateway.port) as load,
    ):
        _go_on(load)
        seconds = _kill(pod)
        _go_on(load)
        load.finish()
        assert set(load.statuses) == {"200"}, f"{load.statuses}\n{pod.envoy_says()}"
        tell(
            f"two pods behind a gateway with retries, the sidecar container of one killed: ready again after "
            f"{seconds:.1f} s; {load.answered} requests, all with 200"
        )


def test_a_pod_is_deleted_behind_a_gateway(node: Node, shop: Shop, tell: Tell, tmp_path: Path) -> None:
    """Graceful deletion loses no request: the pod answers until it is out of its Service, and a while longer."""
    with (
        running(node, made_of(built(PINNED), "one")) as pod,
        running(node, made_of(built(ORDINARY), "two")) as other,
        running_gateway(tmp_path, [pod.address, other.address]) as gateway,
        _load(shop, "127.0.0.1", gateway.port) as load,
    ):
        _go_on(load)
        began = time.monotonic()
        assert node.api.delete(pod.document, seconds=None).is_success
        # A second late, as controllers are; the application waits for five.
        _go_on(load, 100)
        assert eventually(lambda: time.monotonic() > began + 1)
        gateway.lead_to([other.address])
        assert eventually(partial(_is_gone, pod), 60)
        seconds = time.monotonic() - began
        _go_on(load)
        load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        tell(f"a pod of two deleted: gone after {seconds:.1f} s; {load.answered} requests, all with 200")


def test_clients_that_never_let_go_of_a_deleted_pod(node: Node, shop: Shop, tell: Tell) -> None:
    """They are served while the application waits; who is still there when it ends gets 503, or is hung up on."""
    with running(node, made_of(built(PINNED), "one")) as pod:
        load = Load(8080, shop.request, connections=_CONNECTIONS, host=pod.address, may_close=True)
        with load:
            _go_on(load)
            began = time.monotonic()
            assert node.api.delete(pod.document, seconds=None).is_success
            # Envoy says so itself, when the application has ended before it.
            assert eventually(partial(_application_is_gone, load), 60)
            seconds = time.monotonic() - began
            assert eventually(partial(_is_gone, pod), 60)
            load.finish()
        assert {status[:3] for status in load.statuses} <= {"200", "503", "clo"}, load.statuses
        assert load.statuses["closed"] == _CONNECTIONS
        tell(
            f"a pod deleted under connections that nobody takes away: the application is there for {seconds:.1f} s; "
            f"of {load.answered} requests {_lost(load) - _CONNECTIONS} got 503, "
            f"and each of {_CONNECTIONS} connections was closed with one"
        )


def _application_is_gone(load: Load) -> bool:
    return any("upstream" in status or status == "closed" for status in list(load.statuses))


def _is_gone(pod: NodePod) -> bool:
    return not pod.is_there()
