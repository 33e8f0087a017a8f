"""Child processes that end when they should: with their context, and with the process that started them."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

#: Seconds between two looks at whether a process is ready.
_POLL = 0.02
#: Seconds a process gets to end by itself.
_GRACE = 5.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


class ProcessError(RuntimeError):
    """A child process that did not come up. The text has the end of what it printed."""


class Process(AbstractContextManager["Process"]):
    """One child process while the context is open; what it prints goes to the file ``log``."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                # Its own session: Ctrl-C in the terminal is ours, and we end the children in order.
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one prctl, no locks
            )
        self.pid = self._child.pid

    def wait_for(self, ready: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        """Wait until ``ready``; raises ``ProcessError`` if the process ends first, or after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._child.poll() is not None:
                raise ProcessError(f"{what}: ended with {self._child.returncode}\n{self.printed()[-2000:]}")
            if time.monotonic() > deadline:
                raise ProcessError(f"{what}: not ready after {seconds:g} s\n{self.printed()[-2000:]}")
            time.sleep(_POLL)

    def printed(self) -> str:
        """Return everything the process has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._child.send_signal(number)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait for the end and return the exit code; raises ``subprocess.TimeoutExpired``."""
        return self._child.wait(seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: SIGTERM, and SIGKILL where that does not do."""
        if self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGCONT)  # a stopped process sees no SIGTERM
        self._child.terminate()
        try:
            self._child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
