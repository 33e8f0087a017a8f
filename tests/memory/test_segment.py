"""Shared memory without a name."""

import fcntl
import mmap
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sidecar.memory import segment

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memfd and /proc are Linux's")
PROGRAMS = Path(__file__).parent / "programs"
#: Measured for coverage, a program would write of that to standard error when it is killed.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COV")}


@LINUX
def test_sealed_and_nobody_else_s() -> None:
    """A segment has no name in any file system, is mode 0600, and nobody can make it smaller or larger."""
    with segment.create(8192) as shared:
        seals = fcntl.fcntl(shared.fileno(), fcntl.F_GET_SEALS)
        wanted = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        assert seals & wanted == wanted
        status = os.fstat(shared.fileno())
        assert (stat.S_IMODE(status.st_mode), status.st_nlink) == (0o600, 0)
        for size in (0, 4096, 16384):
            with pytest.raises(PermissionError):
                os.ftruncate(shared.fileno(), size)


def test_kept_from_programs_it_was_not_handed_to() -> None:
    """A segment's descriptor is closed on exec, in the process that made it and in one that it was handed to."""
    with segment.create(8192) as shared:
        assert not os.get_inheritable(shared.fileno())
        handed = os.dup(shared.fileno())
        os.set_inheritable(handed, True)  # noqa: FBT003 - as Popen does
        with segment.attach(handed) as other:
            assert not os.get_inheritable(other.fileno())


@pytest.mark.parametrize("budget", [mmap.PAGESIZE, 3 * mmap.PAGESIZE - 1, 1 << 20])
def test_within_the_budget(budget: int) -> None:
    """A segment is zeros, as many whole pages as its budget has."""
    with segment.create(budget) as shared:
        assert shared.size == budget // mmap.PAGESIZE * mmap.PAGESIZE
        assert not any(shared.memory[:])


@pytest.mark.parametrize("budget", [-1, 0, mmap.PAGESIZE - 1])
def test_less_than_a_page_is_refused(budget: int) -> None:
    """A budget without room for a page is refused."""
    with pytest.raises(ValueError, match="must be a page"):
        segment.create(budget)


def test_closed_cleanly() -> None:
    """Closing gives memory and descriptor back; once more is harmless, to what has the number since as well."""
    shared = segment.create(8192)
    shared.close()
    with open(os.devnull) as other:  # noqa: PTH123 - a descriptor, likely of the same number
        shared.close()
        os.fstat(other.fileno())
    with pytest.raises(ValueError, match="closed"):
        shared.memory[0]


def test_shared_with_a_child_that_it_was_handed_to() -> None:
    """A child that got the descriptor with pass_fds reads what was written, and its writes are seen."""
    with segment.create(8192) as shared:
        shared.memory[:5] = b"hello"
        fd = shared.fileno()
        command = [sys.executable, str(PROGRAMS / "answer.py"), str(fd)]
        subprocess.run(command, pass_fds=[fd], check=True, timeout=60, env=ENVIRONMENT)  # noqa: S603 - our own program
        assert shared.memory[:5] == b"HELLO"


def test_shared_with_whom_it_was_sent_to() -> None:
    """A descriptor that went through a Unix socket is the same memory."""
    left, right = socket.socketpair()
    with left, right, segment.create(8192) as shared:
        socket.send_fds(left, [b"x"], [shared.fileno()])
        _, (received,), _, _ = socket.recv_fds(right, 1, 1)
        with segment.attach(received) as other:
            other.memory[0] = 7
            assert shared.memory[0] == 7
            assert other.size == shared.size


@LINUX
def test_what_is_not_sealed_is_refused(tmp_path: Path) -> None:
    """A file, or a memfd that somebody could shrink under us, is not attached to, and is closed."""
    unsealed = os.memfd_create("unsealed", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    for fd in (unsealed, file):
        with pytest.raises(ValueError, match="no sealed segment"):
            segment.attach(fd)
        with pytest.raises(OSError, match="Bad file descriptor"):
            segment.attach(fd)


@LINUX
def test_kernel_that_does_not_know_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel is older than MFD_NOEXEC_SEAL the memfd is made without, and sealed all the same."""
    monkeypatch.setattr(segment, "_MFD_NOEXEC_SEAL", 1 << 20)  # which no kernel knows
    with segment.create(8192) as shared:
        assert fcntl.fcntl(shared.fileno(), fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK


def test_elsewhere_an_unlinked_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is no memfd a segment is a file of mode 0600 that has no name any more."""
    monkeypatch.setattr(segment, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with segment.create(8192) as shared:
        status = os.fstat(shared.fileno())
        assert (stat.S_IMODE(status.st_mode), status.st_nlink, status.st_size) == (0o600, 0, 8192)
        assert list(tmp_path.iterdir()) == []
        with segment.attach(os.dup(shared.fileno())) as other:
            other.memory[8191] = 7
            assert shared.memory[8191] == 7


def test_multiprocessing_has_nothing_to_warn_of() -> None:
    """Handed to a spawned process that is then killed, a segment makes nobody say a word on standard error."""
    command = [sys.executable, "-W", "error", str(PROGRAMS / "spawn.py")]
    done = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, timeout=60, check=True, env=ENVIRONMENT
    )
    assert (done.stdout, done.stderr) == ("killed by 9, said 42\n", "")


def holders(name: str) -> set[str]:
    """Return the processes that have a segment of that name open or mapped, and the files in /dev/shm that have it."""
    found = {path.name for path in Path("/dev/shm").iterdir() if name in path.name}  # noqa: S108 - looked at, not used
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = [str(link.readlink()) for link in (process / "fd").iterdir()]
            if name in (process / "maps").read_text() or any(name in link for link in links):
                found.add(process.name)
        except OSError:  # it ended meanwhile, or is not ours
            continue
    return found


@LINUX
def test_nothing_is_left_when_all_are_killed() -> None:
    """After SIGKILL of every process that had a segment nothing is left of it, in /dev/shm or in any process."""
    name = f"test-{secrets.token_hex(8)}"
    command = [sys.executable, str(PROGRAMS / "hold.py"), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as parent:  # noqa: S603 - ours
        assert parent.stdout is not None
        children = parent.stdout.readline().split()
        assert holders(name) == {str(parent.pid), *children}
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        # The parent says so when it has seen them end: only then are they gone from /proc.
        assert parent.stdout.readline() == "ended\n"
        parent.kill()
    assert holders(name) == set()
