"""Every process setting changes something that can be seen from outside. One test a setting, named after it."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from placement.machines import SERVER32, write_tree
from sidecar.placement.allowance import Allowance, Trees
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.runtime.supervision.planning import plan_fleet
from sidecar.settings import Settings
from sidecar.settings.processes import ProcessSettings
from sidecar.verify.routing import Costs, Limits, Load, Route, route
from support.asserting import ASSERTION, first_key
from support.processes import descendants, eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

_SETTINGS: dict[str, object] = {
    "issuers": [{"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}]
}


@contextmanager
def _running(folder: Path, **settings: object) -> Iterator[Sidecar]:
    """Run a sidecar whose environment has these settings."""
    environment = {f"AUTHZ_{name.upper()}": str(value) for name, value in settings.items()}
    with running_sidecar(folder, CONFIGURATION + ASSERTION, environment, first_key) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        yield sidecar


def _names(sidecar: Sidecar) -> list[str]:
    return sorted(re.findall(r'authz_child_restarts_total\{child="([^"]+)"', sidecar.get("/metrics")[1]))


#: Shown where what it needs is there already.
_ELSEWHERE = {
    "verification_workers_max": "test_resizing.py",
    "verification_workers_min": "test_planning.py",
    "hash_processor_workers": "test_revocation_sources.py",
    "hook_processor_workers": "test_hooks.py",
}


def test_every_setting_has_a_test() -> None:
    """Whoever adds a process setting shows here, or where ``_ELSEWHERE`` says, what it changes."""
    tests = {name.removeprefix("test_") for name in vars(sys.modules[__name__]) if name.startswith("test_")}
    assert set(ProcessSettings.model_fields) - tests == set(_ELSEWHERE)
    for name, file in _ELSEWHERE.items():
        assert name in (Path(__file__).parent / file).read_text(encoding="utf-8")


def test_enable_multiprocessing(short_folder: Path) -> None:
    """Without it there is one process, which answers, and signs."""
    with _running(short_folder, enable_multiprocessing="false") as sidecar:
        assert sidecar.pids() == []
        assert sidecar.check(sidecar.addresses[0]).header("x-auth-assertion")


def test_servers(short_folder: Path) -> None:
    """So many servers."""
    with _running(short_folder, servers=1) as sidecar:
        assert [name for name in _names(sidecar) if name.startswith("server")] == ["server-0"]


def test_verification_workers(short_folder: Path) -> None:
    """So many verifiers; none of them is one that signs."""
    with _running(short_folder, verification_workers=2) as sidecar:
        assert _names(sidecar) == ["control", "minter-0", "server-0", "server-1", "verifier-0", "verifier-1"]


def test_jwt_processor_workers(short_folder: Path) -> None:
    """So many that sign, and as many verifiers for RSA and ECDSA."""
    with _running(short_folder, jwt_processor_workers=2, servers=1, verification_workers=0) as sidecar:
        assert _names(sidecar) == ["control", "minter-0", "minter-1", "server-0", "verifier-0", "verifier-1"]
        assert sidecar.check(sidecar.addresses[0]).header("x-auth-assertion")


def test_batch_size_threshold(short_folder: Path) -> None:
    """As many new tokens at once go to the verifiers."""
    few, many = (Settings.model_validate(_SETTINGS | {"batch_size_threshold": number}) for number in (2, 50))
    load = Load(waiting=10, lag=0.0, queued=0, capacity=100, here=0, interval=0.0)
    routes = [route(load, Limits(settings.batch_size_threshold), Costs()) for settings in (few, many)]
    assert routes == [Route.POOL, Route.INLINE]
    with _running(short_folder, batch_size_threshold=2, servers=1) as sidecar:
        assert eventually(lambda: _burst(sidecar) > 0)


def _burst(sidecar: Sidecar) -> float:
    """Send many new tokens at once; return how many the verifiers have verified."""
    tokens = [sidecar.workspace.token(jti=os.urandom(8).hex()) for _ in range(100)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda token: sidecar.check(sidecar.addresses[0], token), tokens))
    return sidecar.metric('authz_verifications_total{result="valid",route="pool"}')


@pytest.mark.parametrize(("seconds", "reasons"), [(0.02, {"allowed"}), (10, {"allowed", "assertion_unavailable"})])
def test_process_pool_timeout(short_folder: Path, seconds: float, reasons: set[str]) -> None:
    """Whoever is asked and says nothing is not waited for any longer: another one is asked."""
    with _running(short_folder, servers=1, jwt_processor_workers=2, process_pool_timeout=seconds) as sidecar:
        sidecar.kill("minter-0", signal.SIGSTOP)
        tokens = [sidecar.workspace.token(sub=str(number)) for number in range(4)]
        # Both have their turns; together they take less time than a process may be silent.
        assert {sidecar.check(sidecar.addresses[0], token, 2.0).reason for token in tokens} == reasons


@pytest.mark.parametrize(("method", "served"), [("fork", False), ("forkserver", True)])
def test_process_start_method(short_folder: Path, method: str, served: bool) -> None:  # noqa: FBT001 - expected
    """Under forkserver the children are a fork server's, else the supervisor's own."""
    with _running(short_folder, process_start_method=method) as sidecar:
        parents = [pid for pid in sidecar.pids() if any(descendants(pid))]
        assert bool(parents) is served


def test_shared_memory_size(short_folder: Path) -> None:
    """Twice the memory has about twice the slots."""
    found = []
    for size in ("1MiB", "2MiB"):
        folder = short_folder / size
        folder.mkdir()
        with _running(folder, shared_memory_size=size, servers=1) as sidecar:
            found.append(sidecar.metric('authz_cache_slots{kind="positive"}'))
    assert 0 < found[0] < found[1]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_replay_memory_size(short_folder: Path) -> None:
    """The memory of used proofs, which each server maps, has that size."""
    with _running(short_folder, replay_memory_size="192KiB", servers=1) as sidecar:
        maps = Path(f"/proc/{sidecar.pid('server-0')}/maps").read_text(encoding="ascii").splitlines()
        (begin, end), *_ = [line.split()[0].split("-") for line in maps if "ext-authz-replays" in line]
        assert int(end, 16) - int(begin, 16) == 192 * 1024


def test_cpu_affinity_enabled(short_folder: Path) -> None:
    """Each server runs on one CPU; without, on all that there are for us."""
    with _running(short_folder, cpu_affinity_enabled="true", servers=1) as sidecar:
        assert len(os.sched_getaffinity(sidecar.pid("server-0"))) == 1


def test_listen_mode(short_folder: Path) -> None:
    """All servers on one port, where each has a socket of its own by default."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        shared = f"127.0.0.1:{probe.getsockname()[1]}"
    for mode, listen, number in (("per_process", f"unix:{short_folder}/a.sock", 2), ("shared", shared, 1)):
        folder = short_folder / mode
        folder.mkdir()
        with _running(folder, listen=listen, listen_mode=mode) as sidecar:
            assert len(sidecar.addresses) == number


def test_numa_aware_placement(tmp_path: Path) -> None:
    """With it a server and its verifiers are on one node; without, they are wherever CPUs are free."""
    trees = Trees(sys=write_tree(SERVER32, tmp_path))
    near, far = (_fleet(trees, numa_aware_placement=numa) for numa in (True, False))
    assert _nodes(near, Role.SERVER) == _nodes(near, Role.VERIFIER)
    assert _nodes(far, Role.SERVER) != _nodes(far, Role.VERIFIER)


def _fleet(trees: Trees, **changes: object) -> Fleet:
    given = {"servers": 3, "verification_workers": 3, "cpu_affinity_enabled": True, **changes}
    return plan_fleet(Settings.model_validate(_SETTINGS | given), Allowance(SERVER32.online), lambda _: None, trees)


def _nodes(fleet: Fleet, role: Role) -> list[int | None]:
    return [member.place.node for member in fleet.of(role)]
