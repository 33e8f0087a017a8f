"""Signals that come at a bad time: while the sidecar, or a child of it, is only starting."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.demo.process import Process
from sidecar.keys.signing import generate, key_set_document
from support.processes import eventually, is_running
from support.sidecars import Sidecar, running_sidecar

_PROGRAMS = Path(__file__).parent / "programs"


def _told_again_and_again(sidecar: Sidecar) -> bool:
    sidecar.process.signal(signal.SIGHUP)
    with suppress(ProcessLookupError):
        sidecar.kill("control", signal.SIGHUP)
    return sidecar.is_ready()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_reload_while_control_starts(short_folder: Path, method: str) -> None:
    """SIGHUP to a control that is only starting does not end it, and no reload is lost by that."""
    with running_sidecar(short_folder, environment={"AUTHZ_PROCESS_START_METHOD": method}) as sidecar:
        assert eventually(sidecar.is_ready)
        old = sidecar.kill("control")
        assert eventually(lambda: not is_running(old))
        fresh = key_set_document([generate()])
        (sidecar.workspace.folder / "jwks.json").write_text(fresh, encoding="utf-8")
        assert eventually(lambda: _told_again_and_again(sidecar))
        assert eventually(lambda: "new configuration in force" in sidecar.printed()), sidecar.printed()
        assert "control ended: signal 9" in sidecar.printed()
        assert "ended: signal 1\n" not in sidecar.printed()


def test_closed_terminal_ends_no_child(short_folder: Path) -> None:
    """SIGHUP, which a terminal that is closed sends to everybody, is nothing to a server or verifier."""
    with running_sidecar(short_folder) as sidecar:
        names = ("server-0", "verifier-0")
        before = [sidecar.kill(name, signal.SIGHUP) for name in names]
        assert sidecar.check(sidecar.addresses[0]).allowed
        assert [sidecar.pid(name) for name in names] == before


def test_child_s_signal_is_not_the_supervisor_s() -> None:
    """A signal to a child that was forked this moment waits there, and the supervisor never hears of it."""
    _succeeds("early_signal.py")


@pytest.mark.skipif(sys.platform != "linux", reason="there is nothing to adopt elsewhere")
def test_orphans_are_reaped() -> None:
    """Of those that have ended PID 1 waits for the strangers, and leaves its own children to multiprocessing."""
    _succeeds("orphans.py")


def _succeeds(program: str) -> None:
    command = [sys.executable, str(_PROGRAMS / program)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603 - ours
    assert (done.returncode, done.stderr) == (0, "")


def test_sigterm_before_anything_is_started(short_folder: Path) -> None:
    """SIGTERM while the configuration is being read ends the sidecar with 0: PID 1 would not hear it otherwise."""
    config = short_folder / "authz.yaml"
    os.mkfifo(config)
    command = [sys.executable, "-m", "sidecar", "serve", "--config", str(config)]
    with Process(command, short_folder / "sidecar.log") as process:
        writers: list[int] = []
        assert eventually(lambda: _is_being_read(config, writers))
        try:
            assert eventually(lambda: _has_ended(process))
            assert process.wait() == 0, process.printed()
        finally:
            os.close(writers[0])


def _has_ended(process: Process) -> bool:
    # Again and again: one that comes just before the sidecar waits for the file is heard of only after that.
    process.signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.1)
        return True
    return False


def _is_being_read(fifo: Path, writers: list[int]) -> bool:
    with suppress(OSError):  # nobody reads it yet
        writers.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    return bool(writers)
