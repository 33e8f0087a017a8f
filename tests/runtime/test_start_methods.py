"""Under every start method: all come up, what dies is replaced, and nobody survives the supervisor."""

import os
import signal
from pathlib import Path

import pytest

from support.processes import descendants, eventually, is_running
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

METHODS = ["fork", "spawn", "forkserver", "auto"]


def _environment(method: str) -> dict[str, str]:
    return {"AUTHZ_PROCESS_START_METHOD": method}


def _forkserver(sidecar: Sidecar) -> int:
    """Return the fork server: the one child of the supervisor that has children itself."""
    return next(pid for pid in sidecar.pids() if any(descendants(pid)))


def _comes_back(sidecar: Sidecar, name: str, old: int) -> bool:
    def is_new() -> bool:
        try:
            return sidecar.pid(name) != old
        except ProcessLookupError:
            return False

    return eventually(is_new) and eventually(sidecar.is_ready)


@pytest.mark.parametrize("method", METHODS)
def test_all_come_up_and_are_replaced(method: str, short_folder: Path) -> None:
    """Every server answers; one of each kind that is killed comes back; nothing is said of leaks at the end."""
    with running_sidecar(short_folder, CONFIGURATION, _environment(method)) as sidecar:
        assert eventually(sidecar.is_ready)
        assert all(sidecar.check(address).allowed for address in sidecar.addresses)
        for name in ("server-1", "verifier-0", "control"):
            assert _comes_back(sidecar, name, sidecar.kill(name)), sidecar.printed()
        assert all(sidecar.check(address).allowed for address in sidecar.addresses)
        sidecar.process.signal(signal.SIGTERM)
        assert sidecar.process.wait() == 0
        assert "leaked" not in sidecar.printed()
        assert "Traceback" not in sidecar.printed()


@pytest.mark.parametrize("method", METHODS)
def test_nobody_survives_the_supervisor(method: str, short_folder: Path) -> None:
    """With the supervisor killed all of its children end, and nothing is left in shared memory."""
    before = set(Path("/dev/shm").iterdir())  # noqa: S108 - what is looked at, not written
    with running_sidecar(short_folder, CONFIGURATION, _environment(method)) as sidecar:
        pids = sidecar.pids()
        assert len(pids) >= 4
        sidecar.process.signal(signal.SIGKILL)
        sidecar.process.wait()
        assert eventually(lambda: not any(map(is_running, pids)))
        assert "leaked" not in sidecar.printed()
    assert {path for path in Path("/dev/shm").iterdir() if "authz" in path.name} <= before  # noqa: S108 - the same


def test_fork_server_may_be_killed(short_folder: Path) -> None:
    """With the fork server killed its children go on; who dies afterwards is replaced by way of a new one."""
    with running_sidecar(short_folder, CONFIGURATION, _environment("forkserver")) as sidecar:
        assert eventually(sidecar.is_ready)
        servers = [sidecar.pid("server-0"), sidecar.pid("server-1")]
        os.kill(_forkserver(sidecar), signal.SIGKILL)
        assert all(sidecar.check(address).allowed for address in sidecar.addresses)
        os.kill(servers[0], signal.SIGKILL)
        assert eventually(lambda: "server-0 ended" in sidecar.printed())
        assert eventually(sidecar.is_ready)
        assert all(sidecar.check(address).allowed for address in sidecar.addresses)
        assert is_running(servers[1])
        assert sidecar.metric('authz_child_restarts_total{child="server-1"}') == 0
        pids = [servers[1], *sidecar.pids()]
        sidecar.process.signal(signal.SIGKILL)
        sidecar.process.wait()
        assert eventually(lambda: not any(map(is_running, pids)))
