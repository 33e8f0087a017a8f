"""Runs a command that lasts until it is ended, as a person would: ``python patient.py PROGRAM COMMAND …``.

Once it does what it is for, it is told to end, and its exit code is ours: ``serve`` when its probe says that it is
ready (``AUTHZ_PROBE_LISTEN``, a Unix socket), ``status`` when it has printed its address, ``top`` when it has drawn a
frame on a terminal, where it gets a ``q``.
"""

import http.client
import os
import pty
import socket
import subprocess
import sys
import time

_SECONDS = 30.0


def _is_ready(place: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            asked.connect(place)
            asked.sendall(b"GET /readyz HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n")
            answer = http.client.HTTPResponse(asked)
            answer.begin()
            return answer.status == http.HTTPStatus.OK
    except OSError:
        return False


def _until_ready(command: list[str]) -> int:
    place = os.environ["AUTHZ_PROBE_LISTEN"].removeprefix("unix:")
    with subprocess.Popen(command) as running:  # noqa: S603 - ours
        end = time.monotonic() + _SECONDS
        while running.poll() is None and not _is_ready(place) and time.monotonic() < end:
            time.sleep(0.05)
        was_ready = running.poll() is None and _is_ready(place)
        running.terminate()
        return running.wait() if was_ready else 1


def _until_printed(command: list[str]) -> int:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - ours
        assert running.stdout is not None
        sys.stdout.write(running.stdout.readline())
        running.terminate()
        return running.wait()


def _until_drawn(command: list[str]) -> int:
    ours, its = pty.openpty()
    os.environ["TERM"] = "xterm"
    with subprocess.Popen(command, stdin=its, stdout=its) as running:  # noqa: S603 - ours
        os.close(its)
        seen, end = b"", time.monotonic() + _SECONDS
        while b"checks" not in seen and time.monotonic() < end:
            try:
                seen += os.read(ours, 65536)
            except OSError:  # it has ended
                break
        drawn = b"checks" in seen
        if running.poll() is None:
            os.write(ours, b"q")
        # Whoever draws waits for somebody to read.
        while running.poll() is None:
            try:
                os.read(ours, 65536)
            except OSError:
                break
        return running.wait() if drawn else 1


_WAYS = {"serve": _until_ready, "status": _until_printed, "top": _until_drawn}

if __name__ == "__main__":
    sys.exit(_WAYS[sys.argv[2]](sys.argv[1:]))
