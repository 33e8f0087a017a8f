"""What the system says of processes."""

import os
import time

import pytest

from sidecar.runtime.ipc import procfs


def test_this_process() -> None:
    """Memory and CPU time of a process that is there."""
    me = os.getpid()
    resident, proportional = procfs.resident_bytes(me), procfs.proportional_bytes()
    assert resident is not None
    assert proportional is not None
    assert 1 << 20 < proportional <= resident + (1 << 20)
    began = procfs.cpu_seconds(me)
    assert began is not None
    while time.process_time() < began + 0.05:
        pass
    assert (procfs.cpu_seconds(me) or 0) >= began


def test_nobody() -> None:
    """Of a process that is not there nothing is known."""
    nobody = 2**22 + 1
    found = procfs.resident_bytes(nobody), procfs.proportional_bytes(nobody), procfs.cpu_seconds(nobody)
    assert found == (None, None, None)


@pytest.mark.parametrize("name", ["sh", "a b", "a) S 1 (b", ")"])
def test_names_with_parentheses(name: str) -> None:
    """Whatever a process calls itself, its times are found behind that."""
    line = f"42 ({name}) S 1 42 42 0 -1 4194560 1 2 3 4 250 150 0 0 20 0 1 0 100 1 2"
    assert procfs._cpu_seconds(line) == 400 / os.sysconf("SC_CLK_TCK")


def test_processor_times() -> None:
    """Busy is what is neither idle nor waits for a disk; guests' time is in the others already."""
    line = "cpu  100 20 30 800 40 5 5 0 77 3\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
    assert procfs._processor_times(line) == procfs.ProcessorTimes(160, 1000)
    now = procfs.processor_times()
    assert now is not None
    assert 0 < now.busy < now.total
