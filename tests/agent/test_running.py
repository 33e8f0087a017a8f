"""A real agent: tenants share nothing, come and go by themselves, and none outlives the agent."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from support.agents import PROCESSES, TENANT, Node, RunningAgent, a_node, running_agent, starting_agent
from support.processes import descendants, eventually, is_running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the agent needs Linux")
_ORDERS, _BASKETS = "shop.orders", "shop.baskets"


@pytest.fixture(scope="module")
def started() -> Iterator[RunningAgent]:
    """Yield an agent with two tenants, of several processes and of one."""
    with a_node() as node:
        node.write(_ORDERS, PROCESSES, user=os.geteuid())
        node.write(_BASKETS, user=os.geteuid())
        with running_agent(node, _ORDERS, _BASKETS) as running:
            yield running


@pytest.fixture
def agent(started: RunningAgent) -> RunningAgent:
    """Return it once both are ready, and known to be by the desk, whatever the test before has done to them."""
    names = (_ORDERS, _BASKETS)
    assert eventually(lambda: all(map(started.node.is_allowed, names)) and started.is_ready(*names))
    assert eventually(lambda: all(started.sample("authz_build_info", name) == 1 for name in names))
    return started


def test_audience_is_the_listener_s(agent: RunningAgent) -> None:
    """One issuer, one key, two sockets: a token for one tenant is refused by the other, whatever the request says."""
    node = agent.node
    assert node.check(_ORDERS, node.token(_ORDERS)).allowed
    assert node.check(_BASKETS, node.token(_BASKETS)).allowed
    refused = node.check(_BASKETS, node.token(_ORDERS))
    assert (refused.status, refused.reason) == (401, "wrong_audience")
    assert node.check(_ORDERS, node.token(_BASKETS)).reason == "wrong_audience"


def test_identities_are_one_tenant_s(agent: RunningAgent) -> None:
    """A token that both take, and that one has verified and remembers, is new to the other."""
    node, token = agent.node, agent.node.token(_ORDERS, _BASKETS, subject="only here")

    def lookups(tenant: str, result: str) -> float:
        return agent.sample("authz_cache_lookups_total", tenant, result=result)

    def check_anew(one: str) -> None:
        # Counters are told a moment later, all at once: when this miss is there, so is all that was before it.
        misses = lookups(_BASKETS, "miss")
        assert node.check(_BASKETS, one).allowed
        assert eventually(lambda: lookups(_BASKETS, "miss") > misses)

    for _ in range(3):
        assert node.check(_ORDERS, token).allowed
    assert eventually(lambda: lookups(_ORDERS, "hit") >= 2)
    check_anew(node.token(_BASKETS, subject="somebody else"))
    before = lookups(_BASKETS, "hit")
    check_anew(token)
    check_anew(node.token(_BASKETS, subject="and another one"))
    assert lookups(_BASKETS, "hit") == before


def test_metrics_say_whose_they_are(agent: RunningAgent) -> None:
    """Each sample of a sidecar has its tenant; what is the agent's own says how each is."""
    node = agent.node
    before = {name: agent.sample("authz_checks_total", name, reason="no_policy_allows") for name in (_ORDERS, _BASKETS)}
    assert not any(before.values())
    for name in (_ORDERS, _BASKETS):
        assert agent.sample("authz_agent_tenant_ready", name) == 1
        assert agent.sample("authz_agent_tenant_refused", name) == 0
        assert agent.sample("authz_build_info", name) == 1
    allowed = agent.sample("authz_checks_total", _ORDERS, reason="allowed")
    assert node.check(_ORDERS, node.token(_ORDERS)).allowed
    assert eventually(lambda: agent.sample("authz_checks_total", _ORDERS, reason="allowed") == allowed + 1)
    assert agent.get("/livez") == (200, "ok\n")
    assert "[+]shop.orders serving, ready" in agent.get("/readyz?verbose")[1]


def test_channels_are_passed_on_to_nobody(agent: RunningAgent) -> None:
    """What a tenant says to the agent, and that to its desk, no program can that these execute."""
    (desk,) = set(agent.children()) - {agent.root(name) for name in (_ORDERS, _BASKETS)}
    basket = agent.root(_BASKETS)
    assert basket is not None
    for pid in (desk, basket):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        (channel,) = (int(word.removeprefix(b"--channel=")) for word in words if word.startswith(b"--channel="))
        found = Path(f"/proc/{pid}/fdinfo/{channel}").read_text(encoding="ascii")
        (flags,) = (int(line.split()[1], 8) for line in found.splitlines() if line.startswith("flags:"))
        assert flags & os.O_CLOEXEC, pid


def test_one_killed_and_the_other_untouched(agent: RunningAgent) -> None:
    """All of a tenant's processes are killed under load: not one check of the other fails, and it comes back."""
    node, statuses, stop = agent.node, Counter[object](), threading.Event()
    token = node.token(_BASKETS)

    def load() -> None:
        while not stop.is_set():
            try:
                statuses[node.check(_BASKETS, token).allowed] += 1
            except grpc.RpcError as error:
                statuses[error] += 1

    restarts = agent.sample("authz_agent_tenant_restarts_total", _ORDERS)
    thread = threading.Thread(target=load)
    thread.start()
    try:
        root = agent.root(_ORDERS)
        assert root is not None
        everybody = [root, *descendants(root)]
        assert len(everybody) == 3
        for pid in everybody:
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: agent.root(_ORDERS) not in (None, root) and node.is_allowed(_ORDERS))
        so_far = statuses.total()
        assert eventually(lambda: statuses.total() > so_far)
    finally:
        stop.set()
        thread.join()
    assert set(statuses) == {True}
    assert eventually(lambda: agent.sample("authz_agent_tenant_restarts_total", _ORDERS) == restarts + 1)


def test_what_a_dead_supervisor_left_is_ended(agent: RunningAgent) -> None:
    """A server that stands still holds the socket of a tenant whose first process is gone: it is killed, too."""
    root = agent.root(_ORDERS)
    assert root is not None
    children = list(descendants(root))
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    os.kill(root, signal.SIGKILL)
    assert eventually(lambda: not any(map(is_running, children)))
    assert eventually(lambda: agent.root(_ORDERS) not in (None, root) and agent.node.is_allowed(_ORDERS))


def test_desk_may_be_killed(agent: RunningAgent) -> None:
    """Probes and metrics come back, and no tenant notices."""
    roots = {name: agent.root(name) for name in (_ORDERS, _BASKETS)}
    (desk,) = set(agent.children()) - set(roots.values())
    os.kill(desk, signal.SIGKILL)
    assert eventually(lambda: not is_running(desk))
    assert eventually(lambda: agent.is_ready(_ORDERS, _BASKETS))
    assert {name: agent.root(name) for name in roots} == roots


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")
def test_another_user_is_not_heard(agent: RunningAgent) -> None:
    """Though the socket's folder and the socket itself were open to it."""
    path = agent.node.socket(_BASKETS)
    path.chmod(0o666)
    script = (
        "import os, socket, sys\nos.setgid(48213)\nos.setuid(48213)\none = socket.socket(socket.AF_UNIX)\n"
        "one.settimeout(20)\none.connect(sys.argv[1])\nsys.exit(len(one.recv(1)))"
    )
    command = [sys.executable, "-I", "-S", "-c", script, str(path)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0  # noqa: S603 - ours
    assert eventually(lambda: agent.sample("authz_transport_limits_total", _BASKETS, limit="allowed_peers") >= 1)


def test_tenants_come_change_and_go(agent: RunningAgent) -> None:
    """One that nobody is named for, who may ask, gets no listener, nor does one that looks at another's files.

    Mended it is served; when it changes it is served as it says, when that is wrong as it was, and one that is gone is
    not. Meanwhile one of a single process stands still, and is replaced; nothing happens to the other: it is the same.
    """
    node, name = agent.node, "pay.till"
    before, still = agent.root(_ORDERS), agent.root(_BASKETS)
    assert still is not None
    os.kill(still, signal.SIGSTOP)
    node.write(name, TENANT.replace("native:", "#").replace("{sockets}/{name}", "{sockets}/shop.orders"))
    assert eventually(lambda: agent.phase(name) == "refused")
    for said in ("a tenant's socket is in its own folder", "say who may ask"):
        assert said in agent.process.printed()
    node.write(name, TENANT.replace("jwks.json", "../shop.orders/jwks.json"), user=os.geteuid())
    assert eventually(lambda: "keys.file: leads out of the tenant's folder" in agent.process.printed())
    assert node.is_denied_for_want_of_a_listener(name)

    node.write(name, user=os.geteuid())
    assert eventually(lambda: node.is_allowed(name))
    token, first = node.token(name), agent.root(name)

    node.write(name, TENANT.replace("action: allow", "action: deny"), user=os.geteuid())
    assert eventually(lambda: node.check(name, token).reason == "denied_by_policy")
    assert agent.root(name) == first

    node.write(name, TENANT.replace("policies:", "polices:"), user=os.geteuid())
    assert eventually(lambda: agent.process.printed().count("authz.yaml:7:1: polices: is no field here") >= 2)
    assert node.check(name, token).reason == "denied_by_policy"
    assert agent.root(name) == first

    # What takes a restart gets one.
    node.write(name, TENANT.replace("1MiB", "2MiB"), user=os.geteuid())
    assert eventually(lambda: agent.root(name) not in (None, first) and node.is_allowed(name))

    shutil.rmtree(node.tenant(name))
    assert eventually(lambda: name not in agent.tenants())
    assert node.is_denied_for_want_of_a_listener(name)
    assert agent.root(_ORDERS) == before
    assert eventually(lambda: not is_running(still))
    assert eventually(lambda: agent.root(_BASKETS) not in (None, still) and node.is_allowed(_BASKETS))


def test_succession_and_end(node: Node) -> None:
    """Another agent takes over the sockets while the first one runs, and not one check fails when that ends.

    SIGTERM: exit code 0, and nobody is left of it, but the sockets, which are the other one's. When that is killed with
    SIGKILL its tenants end with it, and theirs with them.
    """
    statuses, stop, token = Counter[object](), threading.Event(), node.token("a.one")

    def load() -> None:
        while not stop.is_set():
            try:
                statuses[node.check("a.one", token).allowed] += 1
            except grpc.RpcError as error:
                statuses[error] += 1

    thread = threading.Thread(target=load)
    with running_agent(node, "a.one", "a.two") as old, starting_agent(node, "next") as new:
        # It stands still until the load has begun: a process that uses gRPC must not fork.
        new.process.signal(signal.SIGSTOP)
        thread.start()
        try:
            new.process.signal(signal.SIGCONT)
            new.wait_for("a.one", "a.two")
            pids = old.pids()
            assert len(pids) == 5
            old.process.signal(signal.SIGTERM)
            assert old.process.wait() == 0
            assert not any(map(is_running, pids))
            so_far = statuses.total()
            assert eventually(lambda: statuses.total() > so_far + 10)
            assert new.is_ready("a.one", "a.two")
        finally:
            stop.set()
            thread.join()
        pids = new.pids()
        new.process.signal(signal.SIGKILL)
        assert new.process.wait() == -signal.SIGKILL
        assert eventually(lambda: not any(map(is_running, pids)))
    assert set(statuses) == {True}


@pytest.fixture
def node() -> Iterator[Node]:
    """Yield a node with two tenants, of several processes and of one, and no agent."""
    with a_node() as made:
        made.write("a.one", PROCESSES, user=os.geteuid())
        made.write("a.two", user=os.geteuid())
        yield made
