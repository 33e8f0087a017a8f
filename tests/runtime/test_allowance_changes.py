"""The CPUs change under a sidecar that runs. A narrower affinity of supervisor and control stands for a cpuset."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.placement.allowance import read_allowance
from sidecar.placement.apply import allowed_cpus, cpus_of, move
from support.processes import eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or read_allowance().usable < 2, reason="takes Linux, and two CPUs to have one taken away"
)


def _configuration(folder: Path) -> str:
    text = CONFIGURATION.replace("servers: 2\nverification_workers: 1", "verification_workers: 0", 1)
    return f"{text}cpu_affinity_enabled: true\nadmin: {{listen: 'unix:{folder}/admin.sock'}}\n"


def _give(sidecar: Sidecar, cpus: frozenset[int]) -> None:
    for pid in (sidecar.process.pid, sidecar.pid("control")):
        move(pid, cpus)


def _cpus(sidecar: Sidecar) -> list[frozenset[int] | None]:
    return [cpus_of(sidecar.pid(f"server-{number}")) for number in range(len(sidecar.addresses))]


def _are_apart(sidecar: Sidecar) -> bool:
    found = [cpus for cpus in _cpus(sidecar) if cpus is not None and len(cpus) == 1]
    return len(set(found)) == len(sidecar.addresses)


def _answers(sidecar: Sidecar) -> bool:
    return all(sidecar.check(address).allowed for address in sidecar.addresses)


def _doctor(sidecar: Sidecar, cpu: int) -> list[str]:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "sidecar", "doctor", "--json", "--config", str(sidecar.workspace.config)],
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return [one["id"] for one in json.loads(done.stdout)["findings"]]


def test_fewer_cpus_and_as_many_again(short_folder: Path) -> None:
    """Servers go on, pinned anew, and answer; what would fit now is told wherever one may look, and by doctor."""
    everything = allowed_cpus()
    one = max(everything)
    with running_sidecar(short_folder, _configuration(short_folder)) as sidecar:
        assert eventually(sidecar.is_ready)
        servers, pids = len(sidecar.addresses), {sidecar.pid("server-0"), sidecar.pid("server-1")}
        assert _are_apart(sidecar)
        assert "[+]servers" not in sidecar.get("/readyz?verbose")[1]

        _give(sidecar, frozenset({one}))
        assert eventually(lambda: set(_cpus(sidecar)) == {frozenset({one})}), sidecar.printed()
        assert _answers(sidecar)
        assert eventually(lambda: sidecar.metric("authz_usable_cpus") == 1)
        assert (sidecar.metric("authz_servers"), sidecar.metric("authz_servers_fitting")) == (servers, 1)
        status, text = sidecar.get("/readyz?verbose")
        assert status == 200
        assert f"{servers} run, and 1 fit the CPUs there are now" in text
        assert f"CPUs {one} may be used, instead of" in sidecar.printed()
        assert "servers_changed" in _doctor(sidecar, one)

        _give(sidecar, everything)
        assert eventually(lambda: _are_apart(sidecar)), sidecar.printed()
        assert eventually(lambda: sidecar.metric("authz_servers_fitting") == servers)
        assert _answers(sidecar)
        assert {sidecar.pid("server-0"), sidecar.pid("server-1")} == pids
