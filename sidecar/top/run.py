"""The terminal: what is shown is drawn anew when there is something new, a key is pressed or the window is resized."""

import os
import select
import signal
import socket
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live

from sidecar.report.model import Report
from sidecar.status.sections import view_of
from sidecar.status.view import Cell, State
from sidecar.top.following import Following, Last
from sidecar.top.screen import screen

_QUIT, _PAUSE = b"qQ", b" pP"


def once(console: Console, report: Report, address: str) -> None:
    """Print one frame, with all rows."""
    console.print(screen(view_of(report), Cell(address), console.width))


def run(console: Console, fetch: Callable[[], Report], interval: float, address: str) -> None:
    """Show reports until ``q`` is pressed, or the terminal is gone. In the main thread."""
    with _wakeable() as (wakened, wake), _keyboard() as keyboard:
        following = Following(fetch, interval, wake)
        shown = _Shown(console, following, address)
        with Live(shown.frame(), console=console, screen=True, auto_refresh=False) as live:
            following.start()
            try:
                while shown.go_on:
                    readable, _, _ = select.select([wakened.fileno(), *keyboard], [], [])
                    if wakened.fileno() in readable:
                        _drain(wakened)
                    for fd in keyboard:
                        if fd in readable:
                            shown.press(os.read(fd, 64))
                    live.update(shown.frame(), refresh=True)
            finally:
                following.stop()


@dataclass
class _Shown:
    """What is on the screen."""

    console: Console
    following: Following
    address: str
    go_on: bool = True
    paused: Last | None = None

    def press(self, keys: bytes) -> None:
        """Do what was pressed; no keys: the terminal is gone."""
        if not keys or any(key in _QUIT for key in keys):
            self.go_on = False
        if any(key in _PAUSE for key in keys):
            self.paused = self.following.last if self.paused is None else None

    def frame(self) -> Group:
        """Return it, for the window as it is now."""
        last = self.paused or self.following.last
        width, height = self.console.size
        return screen(None if last.report is None else view_of(last.report), self._foot(last), width, height)

    def _foot(self, last: Last) -> Cell:
        if self.paused is not None:
            return Cell(f"PAUSED  {self.address}  space goes on, q quits", State.WARNING)
        if last.lost:
            return Cell(last.lost, State.BAD)
        waiting = "" if last.report else ", waiting for its first answer"
        return Cell(f"{self.address}{waiting}  q quits, space pauses")


@contextmanager
def _wakeable() -> Iterator[tuple[socket.socket, Callable[[], None]]]:
    """Give a socket that is readable once somebody has called the function, or the window was resized."""
    # Sockets and no pipe: a thread that comes late finds one that is closed, and not another file of its number.
    reading, writing = socket.socketpair()
    reading.setblocking(False)  # noqa: FBT003 - positional only
    writing.setblocking(False)  # noqa: FBT003 - the same

    def wake() -> None:
        # A full one wakes as well; one that is closed has nobody to be woken.
        with suppress(OSError):
            writing.send(b"\0")

    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    fd_before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    try:
        yield reading, wake
    finally:
        signal.set_wakeup_fd(fd_before)
        signal.signal(signal.SIGWINCH, before)
        reading.close()
        writing.close()


def _drain(wakened: socket.socket) -> None:
    with suppress(BlockingIOError):
        while wakened.recv(4096):
            pass


@contextmanager
def _keyboard() -> Iterator[list[int]]:
    """Give standard input with each key as it is pressed, if it is a terminal. Ctrl-C stays a signal."""
    fd = sys.stdin.fileno()
    if not os.isatty(fd):
        yield []
        return
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd)
    try:
        yield [fd]
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
