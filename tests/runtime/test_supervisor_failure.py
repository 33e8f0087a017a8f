"""A supervisor that fails: it ends, with whatever it started, and says so."""

import sys
from pathlib import Path

import pytest

from sidecar.demo.process import Process
from sidecar.demo.workspace import prepare
from support.processes import eventually, is_running
from support.sidecars import CONFIGURATION, Sidecar

_PROGRAM = Path(__file__).parent / "programs" / "failing_supervisor.py"


@pytest.mark.parametrize("how", ["ends", "ends-nobody"])
@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_failure_is_the_end(short_folder: Path, method: str, how: str) -> None:
    """After an exception the exit code is 1, and no child is left, be it one that ends only with the supervisor."""
    workspace = prepare(short_folder, CONFIGURATION)
    trigger = short_folder / "fail"
    command = [sys.executable, str(_PROGRAM), str(trigger), how, "serve", "--config", str(workspace.config)]
    environment = {"AUTHZ_PROCESS_START_METHOD": method}
    with Process(command, short_folder / "sidecar.log", environment) as process:
        sidecar = Sidecar(workspace, process)
        process.wait_for(sidecar.is_ready, "the sidecar")
        pids = sidecar.pids()
        assert len(pids) >= 4
        trigger.touch()
        assert process.wait() == 1
        assert "the supervisor failed" in process.printed()
        assert "ZeroDivisionError: as the test wants it" in process.printed()
        assert eventually(lambda: not any(map(is_running, pids)))
        # A server that was ended in order takes its socket along.
        assert bool(list(short_folder.glob("*.sock"))) is (how == "ends-nobody")
