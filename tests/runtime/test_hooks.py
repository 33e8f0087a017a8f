"""Hooks in real processes: where they are imported and asked, and what becomes of them when something ends."""

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from support.processes import descendants, eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

_HOOKS = """
import os, time
from sidecar.hooks import *
from pathlib import Path
HERE = Path(__file__).parent
with (HERE / "imported").open("a") as file:
    file.write(f"{os.getpid()} {Path('/proc/self/comm').read_text().strip()}\\n")
@hook(cpu_bound=True, timeout=10)
def calculates(request, identity):
    return add(metadata={"pid": os.getpid()})
def plain(request, identity):
    while (HERE / "block").exists(): time.sleep(0.01)
    return add(metadata={"pid": os.getpid()})
"""
_SEVERAL = {"AUTHZ_SERVERS": "1"}
_SINGLE = {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}
_COMMON = CONFIGURATION.replace("servers: 2\n", "") + "hook_folder: .\n"
CALCULATES = _COMMON + 'hooks: ["of_runtime:calculates"]\n'
#: What it may take is no matter here, unless somebody kills its server for it.
PLAIN = _COMMON + 'hooks: [{call: "of_runtime:plain", budget_seconds: 1, timeout_seconds: 10}]\n'


@contextmanager
def _running(folder: Path, text: str, environment: Mapping[str, str]) -> Iterator[Sidecar]:
    def write(place: Path) -> None:
        (place / "of_runtime.py").write_text(_HOOKS, encoding="utf-8")

    with running_sidecar(folder, text, environment, write) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        yield sidecar


def _pid(sidecar: Sidecar) -> int:
    answer = sidecar.check(sidecar.addresses[0])
    assert answer.allowed, (answer.reason, answer.metadata, sidecar.printed())
    (found,) = answer.metadata["hooks"].values()
    return int(found["pid"])


@pytest.mark.parametrize("environment", [_SEVERAL, _SINGLE], ids=["several", "single"])
def test_where_they_are_imported(short_folder: Path, environment: Mapping[str, str]) -> None:
    """One that calculates is asked in a process below its server, and imported there and nowhere else."""
    with _running(short_folder, CALCULATES, environment) as sidecar:
        pid = _pid(sidecar)
        server = sidecar.process.pid if environment is _SINGLE else sidecar.pid("server-0")
        assert pid in descendants(server)
        lines = (short_folder / "imported").read_text(encoding="utf-8").splitlines()
        # The first one found out what it is, before anything was started.
        assert lines[1:] == [f"{pid} authz-hooks"]
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_plain_ones_are_asked_in_the_server(short_folder: Path) -> None:
    """A plain function is imported and asked in the server itself, and in no other process."""
    with _running(short_folder, PLAIN, _SEVERAL) as sidecar:
        assert _pid(sidecar) == sidecar.pid("server-0")
        lines = (short_folder / "imported").read_text(encoding="utf-8").splitlines()
        assert lines[1:] == [f"{sidecar.pid('server-0')} authz-server-0"]


def test_server_that_is_killed(short_folder: Path) -> None:
    """Processes below a server that is killed end too, and its successor has others."""
    with _running(short_folder, CALCULATES, _SEVERAL) as sidecar:
        pid = _pid(sidecar)
        sidecar.kill("server-0")
        assert eventually(lambda: not Path(f"/proc/{pid}").exists())
        assert eventually(sidecar.is_ready)
        assert _pid(sidecar) != pid


def test_process_that_is_killed(short_folder: Path) -> None:
    """No check is lost when one is killed: the next process answers it."""
    with _running(short_folder, CALCULATES, _SEVERAL | {"AUTHZ_HOOK_PROCESSOR_WORKERS": "2"}) as sidecar:
        for _ in range(3):
            pid = _pid(sidecar)
            os.kill(pid, signal.SIGKILL)
            assert _pid(sidecar) != pid, sidecar.printed()


def test_hook_processor_workers(short_folder: Path) -> None:
    """``hook_processor_workers`` are so many processes below each server."""
    with _running(short_folder, CALCULATES, _SEVERAL | {"AUTHZ_HOOK_PROCESSOR_WORKERS": "3"}) as sidecar:
        assert len(list(descendants(sidecar.pid("server-0")))) == 3


def test_one_that_never_comes_back(short_folder: Path) -> None:
    """A server that a hook keeps is replaced, and the next one asks the hook in a process of its own."""
    with _running(short_folder, PLAIN, _SEVERAL) as sidecar:
        server = sidecar.pid("server-0")
        (short_folder / "block").touch()
        with pytest.raises(grpc.RpcError):
            sidecar.check(sidecar.addresses[0], seconds=1)
        assert eventually(lambda: not Path(f"/proc/{server}").exists())
        (short_folder / "block").unlink()
        assert eventually(sidecar.is_ready)
        pid = _pid(sidecar)
        assert pid not in (server, sidecar.pid("server-0"))
        assert sidecar.metric('authz_hook_moved_total{hook="of_runtime:plain"}') == 1
        assert sidecar.metric('authz_hook_results_total{hook="of_runtime:plain",result="failed"}') == 1
        assert "is asked in a process of its own from now on" in sidecar.printed()


def test_code_that_changes(short_folder: Path) -> None:
    """A changed file is told in log and probe, and not asked: a server that starts then denies."""
    with _running(short_folder, PLAIN, _SEVERAL) as sidecar:
        pid = _pid(sidecar)
        file = short_folder / "of_runtime.py"
        file.write_text(_HOOKS + "plain = lambda request, identity: None\n", encoding="utf-8")
        assert eventually(lambda: f"changed, restart to use: {file}" in sidecar.get("/readyz?verbose")[1])
        assert sidecar.is_ready()
        assert _pid(sidecar) == pid
        sidecar.kill("server-0")
        assert eventually(sidecar.is_ready)
        answer = sidecar.check(sidecar.addresses[0])
        assert (answer.allowed, answer.reason) == (False, "hook_failed")
        file.write_text(_HOOKS, encoding="utf-8")
        assert eventually(lambda: "restart to use" not in sidecar.get("/readyz?verbose")[1])


def test_reload(short_folder: Path) -> None:
    """Policies change while hooks stay; other hooks take a restart."""
    with _running(short_folder, PLAIN, _SEVERAL) as sidecar:
        config = sidecar.workspace.config
        before = config.read_text(encoding="utf-8")
        config.write_text(before.replace("action: allow", "action: deny"), encoding="utf-8")
        assert eventually(lambda: sidecar.check(sidecar.addresses[0]).reason == "denied_by_policy")
        config.write_text(re.sub(r"hooks: \[.*\]", "hooks: []", before).replace("hook_folder: .", ""), encoding="utf-8")
        assert eventually(lambda: "hooks, hook_folder: cannot change while processes run" in sidecar.printed())
        config.write_text(before, encoding="utf-8")
        assert eventually(lambda: sidecar.check(sidecar.addresses[0]).allowed)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_start_methods(short_folder: Path, method: str) -> None:
    """It is the same with servers that are started in another way."""
    text = _COMMON + 'hooks: ["of_runtime:calculates", "of_runtime:plain"]\n'
    with _running(short_folder, text, _SEVERAL | {"AUTHZ_PROCESS_START_METHOD": method}) as sidecar:
        found = sidecar.check(sidecar.addresses[0]).metadata["hooks"]
        assert int(found["of_runtime:plain"]["pid"]) == sidecar.pid("server-0")
        assert int(found["of_runtime:calculates"]["pid"]) in descendants(sidecar.pid("server-0"))
