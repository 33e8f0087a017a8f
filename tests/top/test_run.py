"""``authz-sidecar top`` on a terminal of its own: a pseudo-terminal, and a sidecar that comes and goes."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from sidecar.cli.top import top
from sidecar.http.message import JSON, Answer
from support.reporting import Reporter, reporter

_PATIENCE = 60.0
_ENTER, _LEAVE, _SHOW_CURSOR, _HOME = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[H"
#: What empties screen or line: between that and what is written then, a screen flickers.
_CLEAR = (b"\x1b[2J", b"\x1b[J", b"\x1b[0J", b"\x1b[2K", b"\x1b[K")


class Terminal:
    """A command on a terminal of 80x24."""

    def __init__(self, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.resize(24, 80, tell=False)
        self.modes = termios.tcgetattr(slave)
        environment = {
            name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}
        }
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "sidecar", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads in the child
        )
        self._slave = slave
        self.output = b""

    def resize(self, rows: int, columns: int, *, tell: bool = True) -> None:
        """Make the window another size; the kernel tells the command (SIGWINCH)."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def until(self, wanted: Callable[[bytes], bool]) -> bytes:
        """Return what was written since the last time, once ``wanted`` is true of it."""
        self.output, until = b"", time.monotonic() + _PATIENCE
        while not wanted(self.output):
            assert select.select([self._master], [], [], until - time.monotonic())[0], self.output[-2_000:]
            self.output += os.read(self._master, 65_536)
        return self.output

    def sees(self, text: str) -> bytes:
        """Return what was written until ``text`` was."""
        return self.until(lambda output: text.encode() in output)

    def end(self) -> int:
        """Return how it ended."""
        return self.process.wait(_PATIENCE)

    def close(self) -> None:
        """Take the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(_PATIENCE)
        os.close(self._master)
        os.close(self._slave)

    def modes_now(self) -> list[object]:
        """Return the terminal's modes."""
        return list(termios.tcgetattr(self._slave))


@pytest.fixture
def told() -> Iterator[Reporter]:
    """Run an administration that answers with a report."""
    with reporter() as running:
        yield running


def _rows(output: bytes) -> set[int]:
    """Return how many rows the whole frames have: each begins at the top left, and is written over the last one."""
    return {frame.count(b"\r\n") + 1 for frame in output.split(_HOME)[1:-1]}


def test_top(told: Reporter) -> None:
    """It shows the report, says when nobody answers and goes on, follows the window, pauses, and leaves no trace."""
    terminal = Terminal("top", "--against", told.address, "--interval", "0.2")
    try:
        assert _ENTER in terminal.sees("1,000/s")
        told.stop()
        terminal.sees("no answer")
        told.start()
        # The last line is as it was before.
        terminal.sees("space pauses")
        frames = terminal.until(lambda output: output.count(_HOME) > 2)
        assert _rows(frames) == {24}
        assert not any(clearing in frames for clearing in _CLEAR)
        terminal.resize(40, 160)
        terminal.until(lambda output: 40 in _rows(output))
        terminal.press(b" ")
        terminal.sees("PAUSED")
        terminal.press(b" ")
        terminal.sees("space pauses")
        terminal.press(b"q")
        assert _SHOW_CURSOR in terminal.sees(_LEAVE.decode())
        assert terminal.end() == 0
        assert terminal.modes_now() == terminal.modes
    finally:
        terminal.close()


def test_interrupted(told: Reporter) -> None:
    """Ctrl-C ends it as any command, and gives the terminal back."""
    terminal = Terminal("top", "--against", told.address)
    try:
        terminal.sees("1,000/s")
        terminal.press(b"\x03")
        assert _SHOW_CURSOR in terminal.sees(_LEAVE.decode())
        assert terminal.end() == 130
        assert terminal.modes_now() == terminal.modes
    finally:
        terminal.close()


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(top, arguments)


def test_once(told: Reporter) -> None:
    """One frame, without a terminal and without anything that steers one, and the end."""
    done = _run("--against", told.address, "--once")
    assert done.exit_code == 0
    assert "1,000/s" in done.output
    assert "verifier-0" in done.output
    assert "\x1b" not in done.output


def test_nobody_answers() -> None:
    """With --once, nobody there is an error, and not a frame."""
    done = _run("--against", "unix:/nowhere/a.sock", "--once")
    assert done.exit_code == 3
    assert "unix:/nowhere/a.sock" in done.output


def test_without_a_terminal(told: Reporter) -> None:
    """Without a terminal nothing is drawn, and it is said what to do."""
    done = _run("--against", told.address)
    assert done.exit_code == 2
    assert "--once" in done.output


def test_no_report(told: Reporter) -> None:
    """Something that answers with another thing than a report is told as such, without what would steer a terminal."""
    told.answer = Answer(200, b'{"version": "\\u001b[31m"}', JSON)
    done = _run("--against", told.address, "--once")
    assert done.exit_code == 3
    assert "not a report" in done.output
    assert "\x1b" not in done.output
    told.answer = Answer(401, b"a bearer token is required\n")
    assert "a bearer token is required" in _run("--against", told.address, "--once").output
