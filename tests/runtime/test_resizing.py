"""The pool of verifiers under load, while it grows, shrinks, is killed and left alone: no answer is ever wrong."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.demo.process import Process
from sidecar.demo.workspace import prepare
from support.misses import Misses
from support.processes import eventually, is_running, name_of
from support.sidecars import CONFIGURATION, Sidecar

_PROGRAM = Path(__file__).parent / "programs" / "resizing.py"
_TEXT = CONFIGURATION.replace("verification_workers: 1\n", "verification_workers_max: 3\nbatch_size_threshold: 1\n")


@contextmanager
def _running(folder: Path, method: str = "fork", servers: int = 1) -> Iterator[Sidecar]:
    workspace = prepare(folder, _TEXT)
    command = [sys.executable, str(_PROGRAM), "serve", "--config", str(workspace.config)]
    environment = {
        "AUTHZ_PROCESS_START_METHOD": method,
        "AUTHZ_SERVERS": str(servers),
        "AUTHZ_PROCESS_POOL_TIMEOUT": "1",
        "RESIZING_FOLDER": str(folder),
    }
    with Process(command, folder / "sidecar.log", environment) as process:
        sidecar = Sidecar(workspace, process)
        process.wait_for(sidecar.is_ready, "the sidecar")
        yield sidecar


def _active(sidecar: Sidecar) -> float:
    return sidecar.metric('process_pool_active{pool="verifier"}')


def _wish(sidecar: Sidecar, size: int) -> None:
    """Have so many verifiers from now on."""
    fresh = sidecar.workspace.folder / "fresh"
    fresh.write_text(str(size), encoding="ascii")
    fresh.rename(sidecar.workspace.folder / "size")


def _comes_to(sidecar: Sidecar, size: int) -> bool:
    return eventually(lambda: _active(sidecar) == size)


def _verifiers(sidecar: Sidecar) -> set[int]:
    """Return the processes of all verifiers, whose names are too long to tell them apart."""
    return {pid for pid in sidecar.pids() if name_of(pid) == "authz-verifier-"}


def _goes_on(load: Misses) -> bool:
    before = load.answered
    return eventually(lambda: load.answered > before + 60)


def _reload(sidecar: Sidecar) -> None:
    config = sidecar.workspace.config
    config.write_text(config.read_text(encoding="utf-8") + "public: [{paths: [/open/*]}]\n", encoding="utf-8")
    sidecar.process.signal(signal.SIGHUP)
    assert eventually(lambda: "new configuration in force" in sidecar.printed()), sidecar.printed()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_grows_under_load_and_shrinks_after_it(short_folder: Path, method: str) -> None:
    """By itself from one verifier to three, with a new configuration on the way, and back when nobody asks any more."""
    with _running(short_folder, method) as sidecar:
        assert len(_verifiers(sidecar)) == 1
        assert "verifier-1" not in sidecar.get("/metrics")[1].replace('process="verifier-1"', "")
        with Misses(sidecar.workspace, sidecar.addresses[0]) as load:
            assert eventually(lambda: sidecar.metric('authz_pool_processes_wanted{pool="verifier"}') > 1)
            _reload(sidecar)
            assert _comes_to(sidecar, 3), sidecar.printed()
            assert _goes_on(load)
        assert not load.wrong
        assert _comes_to(sidecar, 1), sidecar.printed()
        assert eventually(lambda: len(_verifiers(sidecar)) == 1)
        # As soon as the supervisor knows that they are gone nothing is told of them.
        assert eventually(lambda: 'authz_child_up{child="verifier-1"}' not in sidecar.get("/metrics")[1])
        page = sidecar.get("/metrics")[1]
        grown, shrunk = (
            sidecar.metric(f'authz_pool_resizes_total{{direction="{way}",pool="verifier"}}')
            for way in ("grow", "shrink")
        )
        assert grown == shrunk >= 2
        assert [sidecar.metric(f'authz_pool_processes_{end}{{pool="verifier"}}') for end in ("min", "max")] == [1, 3]
        assert 'authz_child_restarts_total{child="verifier-0"} 0.0' in page
        assert sidecar.get("/readyz")[0] == 200
        assert "Traceback" not in sidecar.printed()


def test_no_answer_is_lost_by_any_change(short_folder: Path) -> None:
    """Up and down under load; then a kill in the middle of a leaving; then a control process that hangs."""
    with _running(short_folder, servers=2) as sidecar, Misses(sidecar.workspace, sidecar.addresses[0]) as load:
        for size in (3, 1, 2, 1):
            _wish(sidecar, size)
            assert _comes_to(sidecar, size), sidecar.printed()
            assert _goes_on(load)
        # Who left had answered all it was handed.
        assert sidecar.metric('authz_pool_failed_jobs_total{pool="verifier",result="lost"}') == 0
        _kill_while_it_leaves(sidecar)
        assert _goes_on(load)
        _stop_control(sidecar)
        assert _goes_on(load)
    assert not load.wrong
    assert "Traceback" not in sidecar.printed()


def _kill_while_it_leaves(sidecar: Sidecar) -> None:
    """Kill the last verifier while it waits for a server that hangs to know that it leaves."""
    assert eventually(lambda: len(_verifiers(sidecar)) == 1)
    before = _verifiers(sidecar)
    _wish(sidecar, 2)
    assert _comes_to(sidecar, 2), sidecar.printed()
    (last,) = _verifiers(sidecar) - before
    hangs = sidecar.pid("server-1")
    os.kill(hangs, signal.SIGSTOP)
    _wish(sidecar, 1)
    leaving = 'authz_child_state{child="verifier-1",state="draining"}'
    assert eventually(lambda: sidecar.metric(leaving) == 1), sidecar.printed()
    count = sidecar.printed().count("verifier-1 has left")
    os.kill(last, signal.SIGKILL)
    assert eventually(lambda: "verifier-1 ended: signal 9" in sidecar.printed()), sidecar.printed()
    os.kill(hangs, signal.SIGCONT)
    # It is started again, and then leaves for good.
    assert eventually(lambda: sidecar.printed().count("verifier-1 has left") > count), sidecar.printed()
    assert _verifiers(sidecar) == before


def _stop_control(sidecar: Sidecar) -> None:
    """Have nobody say any more how many there are to be: as many as at the start, until somebody does."""
    _wish(sidecar, 2)
    assert _comes_to(sidecar, 2), sidecar.printed()
    control = sidecar.pid("control")
    os.kill(control, signal.SIGSTOP)
    assert eventually(lambda: "nobody says any more" in sidecar.printed()), sidecar.printed()
    assert eventually(lambda: len(_verifiers(sidecar)) == 1)
    # It is killed for its silence, and its successor wishes anew.
    assert eventually(lambda: not is_running(control))
    assert eventually(sidecar.is_ready)
    assert _comes_to(sidecar, 2), sidecar.printed()
