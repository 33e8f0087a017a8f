"""``demo`` without ``--once``: it stays up, and leaves nothing behind however it ends."""

import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sidecar.demo.client import Call, send
from sidecar.demo.process import Process


@pytest.fixture
def staying(tmp_path: Path) -> Iterator[Process]:
    """Run a demonstration until it has printed its curl line."""
    with Process([sys.executable, "-m", "sidecar", "demo"], tmp_path / "demo.log") as process:
        process.wait_for(
            lambda: "curl " in process.printed() and process.printed().endswith("\n"), "the demonstration", 60
        )
        yield process


def curl_line(process: Process) -> list[str]:
    """Return the words of the curl command that was printed."""
    return shlex.split(next(line for line in process.printed().splitlines() if line.startswith("  curl ")))


def port_of(process: Process) -> int:
    """Return Envoy's port."""
    port = urlsplit(curl_line(process)[-1]).port
    assert port is not None
    return port


def is_gone(port: int) -> bool:
    """Wait for nobody to listen on ``port`` any more; say whether that came."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False


def test_printed_curl_line_works(staying: Process) -> None:
    """The curl line's token passes, as its words say."""
    words = curl_line(staying)
    name, _, value = words[words.index("-H") + 1].partition(": ")
    target = urlsplit(words[-1])
    assert send(port_of(staying), Call("GET", target.path, ((name, value),))).status == 200


def test_ctrl_c_ends_everything(staying: Process) -> None:
    """Ctrl-C ends the demonstration with 0, and Envoy with it."""
    port = port_of(staying)
    staying.signal(signal.SIGINT)
    assert staying.wait() == 0
    assert is_gone(port)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_killed_demonstration_leaves_no_envoy(staying: Process) -> None:
    """A demonstration that is killed takes Envoy with it."""
    port = port_of(staying)
    staying.signal(signal.SIGKILL)
    staying.wait()
    assert is_gone(port)
