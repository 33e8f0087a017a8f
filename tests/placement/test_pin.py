"""Pinning: what the kernel says afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.placement.apply import NO_AFFINITY, PinError, allowed_cpus, pin
from sidecar.placement.cpulist import parse_cpulist
from sidecar.placement.plan import plan
from sidecar.placement.topology import read_topology

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")

#: Pins itself to the CPU that its argument names, says who it is, and lives until its standard input ends.
_SPAWNED = """
import os, sys
from sidecar.placement.apply import pin
print(os.getpid(), pin({int(sys.argv[1])}), flush=True)
sys.stdin.read()
"""
#: The same in a forked child, in whose parent nothing may change.
_FORKED = """
import os, sys
from sidecar.placement.apply import allowed_cpus, pin
before = allowed_cpus()
child = os.fork()
if child == 0:
    print(os.getpid(), pin({int(sys.argv[1])}), flush=True)
    sys.stdin.read()
    os._exit(0)
status = os.waitpid(child, 0)[1]
sys.exit(status or allowed_cpus() != before)
"""


@pytest.fixture
def kept_mask() -> Iterator[frozenset[int]]:
    """The mask of this process, which is put back."""
    mask = allowed_cpus()
    yield mask
    os.sched_setaffinity(0, mask)


def _status_mask(pid: int) -> frozenset[int]:
    """Return what proc(5) says of a process's affinity."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (mask,) = (line.partition(":")[2] for line in lines if line.startswith("Cpus_allowed_list:"))
    return parse_cpulist(mask)


@_LINUX
@pytest.mark.parametrize("program", [_SPAWNED, _FORKED], ids=["spawned", "forked"])
def test_pinned_process_is_on_its_cpu(program: str) -> None:
    """A process that pinned itself has that mask, says the system call and says /proc; others keep theirs."""
    before = allowed_cpus()
    cpu = max(before)
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, str(cpu)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pid, _, pinned = process.stdout.readline().partition(" ")
        assert pinned.strip() == "True"
        assert os.sched_getaffinity(int(pid)) == {cpu}
        assert _status_mask(int(pid)) == {cpu}
        process.stdin.close()
        assert process.wait() == 0
    assert allowed_cpus() == before


@_LINUX
def test_this_machine_s_topology_covers_what_is_allowed() -> None:
    """The real /sys tree has every CPU that this process may use, and a plan for them can be pinned to."""
    topology = read_topology(Path("/sys"))
    assert {cpu.number for cpu in topology.cpus} >= os.sched_getaffinity(0)
    placement = plan(topology, allowed_cpus(), 1, 1, affinity=True, numa=True)
    assert placement.servers[0].cpus is not None
    assert placement.servers[0].cpus <= os.sched_getaffinity(0)


@_LINUX
def test_mask_is_changed_and_widened_again(kept_mask: frozenset[int]) -> None:
    """Pinning is no one-way street: a process may go back to the CPUs that it had."""
    assert pin({min(kept_mask)})
    assert os.sched_getaffinity(0) == {min(kept_mask)}
    assert pin(kept_mask)
    assert os.sched_getaffinity(0) == kept_mask


@_LINUX
@pytest.mark.parametrize("cpus", [set(), {-1}, {8191}, {2**70}], ids=["none", "negative", "absent", "huge"])
def test_impossible_cpus_are_refused(cpus: set[int], kept_mask: frozenset[int]) -> None:
    """CPUs that cannot be had raise PinError, which says what there is, and the mask is as it was."""
    with pytest.raises(PinError, match=r"cannot pin to CPUs \[.*; \[.*\] are allowed"):
        pin(cpus)
    assert os.sched_getaffinity(0) == kept_mask


@_LINUX
def test_half_of_the_wish_is_no_success(kept_mask: frozenset[int]) -> None:
    """Where the kernel would drop some of the CPUs silently, that is a PinError, and the mask is as it was."""
    with pytest.raises(PinError, match=r"the kernel gives .* of them alone"):
        pin({min(kept_mask), 8191})
    assert os.sched_getaffinity(0) == kept_mask


def test_without_affinity_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS pinning says no, there is a text for why, and all CPUs of the machine count as allowed."""
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert pin({0}) is False
    assert "macOS" in NO_AFFINITY
    assert allowed_cpus() == frozenset(range(os.cpu_count() or 1))
