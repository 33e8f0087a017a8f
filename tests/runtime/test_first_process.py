"""The sidecar as PID 1, to whom the kernel gives no signal that there is no handler for (pid_namespaces(7))."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from sidecar.demo.process import Process
from support.processes import descendants, eventually

#: A module that the command line imports first; this one has the import wait until somebody writes to the pipe.
_SLOW_IMPORT = "open(__file__ + '.pipe').read()\n"
#: With a user namespace of its own where we are not root.
_AS_FIRST = ("unshare", *(("--user", "--map-root-user") if os.geteuid() else ()), "--pid", "--fork", "--kill-child")


@cache
def _refusal() -> str:
    """Return why no process may be the first of a namespace here; empty: one may."""
    if sys.platform != "linux":
        return "there are no PID namespaces"
    try:
        command = [*_AS_FIRST, "true"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)  # noqa: S603 - ours
    except OSError as error:
        return str(error)
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture
def permitted() -> None:
    """Skip the test where namespaces are not permitted, as in most containers."""
    if _refusal():
        pytest.skip(f"no PID namespace: {_refusal()}")


@contextmanager
def _importing(folder: Path, *command: str) -> Iterator[Process]:
    """Give ``unshare`` with a sidecar in it that is in the middle of its imports."""
    (folder / "click.py").write_text(_SLOW_IMPORT, encoding="utf-8")
    pipe = folder / "click.py.pipe"
    os.mkfifo(pipe)
    paths = os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", "")))
    with Process([*_AS_FIRST, *command], folder / "sidecar.log", {"PYTHONPATH": paths}) as process:
        writers: list[int] = []
        try:
            assert eventually(lambda: _is_being_read(pipe, writers)), process.printed()
            yield process
        finally:
            for writer in writers:
                os.close(writer)


def _is_being_read(fifo: Path, writers: list[int]) -> bool:
    with suppress(OSError):  # nobody reads it yet
        writers.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    return bool(writers)


def _has_ended(process: Process) -> bool:
    for pid in descendants(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.1)
        return True
    return False


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize("way", ["module", "script"])
def test_sigterm_while_python_imports(tmp_path: Path, way: str) -> None:
    """SIGTERM to PID 1 while its modules are being imported ends it with 0, however it was started."""
    script = Path(sys.executable).with_name("authz-sidecar")
    begin = [sys.executable, "-m", "sidecar"] if way == "module" else [str(script)]
    with _importing(tmp_path, *begin, "serve", "--config", "none.yaml") as process:
        assert eventually(lambda: _has_ended(process), 5), "PID 1 has not heard SIGTERM"
        assert process.wait() == 0, process.printed()
