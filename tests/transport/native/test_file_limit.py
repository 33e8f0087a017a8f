"""The process's limit of open files, and how many connections there is room for."""

import logging
import resource

import pytest

from sidecar.transport.native.file_limit import OTHER_FILES, room_for


class Process:
    """A process with a limit of open files."""

    def __init__(self, soft: int, hard: int, *, may_raise: bool = True) -> None:
        self.soft, self.hard, self._may_raise = soft, hard, may_raise

    def get(self, which: int) -> tuple[int, int]:
        """Return the limit; ``getrlimit``."""
        assert which == resource.RLIMIT_NOFILE
        return self.soft, self.hard

    def set(self, which: int, limits: tuple[int, int]) -> None:
        """Set it; ``setrlimit``."""
        assert which == resource.RLIMIT_NOFILE
        if not self._may_raise:
            raise ValueError("not allowed to raise maximum limit")
        self.soft, self.hard = limits


@pytest.mark.parametrize(
    ("process", "room", "soft"),
    [
        pytest.param(Process(1000 + OTHER_FILES, 10_000), 1000, 1000 + OTHER_FILES, id="enough"),
        pytest.param(Process(resource.RLIM_INFINITY, resource.RLIM_INFINITY), 1000, resource.RLIM_INFINITY, id="any"),
        pytest.param(Process(1024, 4096), 1000, 4096, id="enough once raised"),
        pytest.param(Process(256, resource.RLIM_INFINITY), 1000, resource.RLIM_INFINITY, id="any once raised"),
        pytest.param(Process(256, 512), 512 - OTHER_FILES, 512, id="not enough"),
        pytest.param(Process(256, 4096, may_raise=False), 256 - OTHER_FILES, 256, id="not to be raised"),
        pytest.param(Process(64, 64), 1, 64, id="hardly any"),
    ],
)
def test_room_for_connections(
    process: Process, room: int, soft: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The soft limit is raised where that helps, and fewer than wanted are logged."""
    monkeypatch.setattr(resource, "getrlimit", process.get)
    monkeypatch.setattr(resource, "setrlimit", process.set)
    with caplog.at_level(logging.WARNING):
        assert room_for(1000) == room
    assert process.soft == soft
    assert bool(caplog.records) == (room < 1000)
