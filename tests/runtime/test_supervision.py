"""What the supervisor does about children that end, fall silent, or cannot start."""

import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

import pytest

from sidecar.demo.process import Process
from sidecar.demo.workspace import prepare
from sidecar.runtime.supervision.backoff import LOOP
from support.processes import descendants, eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar


def test_silent_child_is_replaced(short_folder: Path) -> None:
    """A server that is alive and says nothing is killed, and another takes its place; the others go on."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        stopped = sidecar.kill("server-1", signal.SIGSTOP)
        assert sidecar.check(sidecar.addresses[0]).allowed
        assert eventually(lambda: "server-1 has been silent" in sidecar.printed())
        assert eventually(lambda: sidecar.is_ready() and sidecar.pid("server-1") != stopped)
        assert sidecar.metric('authz_child_restarts_total{child="server-1"}') == 1
        assert all(sidecar.check(address).allowed for address in sidecar.addresses)


def test_crash_loop_is_told(short_folder: Path) -> None:
    """A child that ends again and again makes the sidecar unready, by name, and shows in the metrics."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        for ends in range(1, LOOP + 1):
            sidecar.kill("verifier-0")
            assert eventually(partial(_was_printed, sidecar, "verifier-0 ended", ends))
            assert eventually(lambda: _is_there(sidecar, "verifier-0"))
        status, body = sidecar.get("/readyz")
        assert status == 503
        assert "[-]no-crash-loop failed: verifier-0" in body
        assert sidecar.metric('authz_child_crash_loop{child="verifier-0"}') == 1
        assert sidecar.get("/livez")[0] == 200
        assert all(sidecar.check(address).allowed for address in sidecar.addresses)


def _was_printed(sidecar: Sidecar, text: str, times: int) -> bool:
    return sidecar.printed().count(text) >= times


def _is_there(sidecar: Sidecar, name: str) -> bool:
    try:
        return bool(sidecar.pid(name))
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("taken", ["listen", "probe"])
def test_address_that_is_taken_ends_with_3(short_folder: Path, taken: str) -> None:
    """Where an address is somebody else's the sidecar says so and ends with 3; nobody is left."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        text = CONFIGURATION.replace("{listen}", address) if taken == "listen" else CONFIGURATION
        text = text.replace("127.0.0.1:0", address) if taken == "probe" else text
        workspace = prepare(short_folder, text)
        command = [sys.executable, "-m", "sidecar", "serve", "--config", str(workspace.config)]
        with Process(command, short_folder / "sidecar.log") as process:
            assert process.wait() == 3
            assert "cannot listen" in process.printed()
            assert not list(descendants(process.pid))


def test_process_names(short_folder: Path) -> None:
    """What top and ps show names each child."""
    with running_sidecar(short_folder) as sidecar:
        for name in ("control", "server-0", "server-1", "verifier-0"):
            assert sidecar.pid(name) > 0


def test_pinned_processes_are_where_they_were_put(short_folder: Path) -> None:
    """With cpu_affinity_enabled each server and verifier has one CPU; distinct ones while there are enough."""
    environment = {"AUTHZ_CPU_AFFINITY_ENABLED": "true", "AUTHZ_SERVERS": "1", "AUTHZ_NUMA_AWARE_PLACEMENT": "true"}
    allowed = os.sched_getaffinity(0)
    with running_sidecar(short_folder, environment=environment) as sidecar:
        masks = [os.sched_getaffinity(sidecar.pid(name)) for name in ("server-0", "verifier-0")]
        assert [len(mask) for mask in masks] == [1, 1]
        assert len(masks[0] | masks[1]) == min(2, len(allowed))
        assert os.sched_getaffinity(sidecar.pid("control")) == allowed
        threads = Path(f"/proc/{sidecar.pid('server-0')}/task")
        assert {frozenset(os.sched_getaffinity(int(task.name))) for task in threads.iterdir()} == {frozenset(masks[0])}
