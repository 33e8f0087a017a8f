"""What others wrote comes to the terminal with control characters as escapes: answers, and what configurations hold."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from sidecar.demo.workspace import Workspace
from support.commands import Run

_HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
_SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def _is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.removesuffix("\n").split("\n"))


@contextmanager
def _administration(path: Path, answer: bytes) -> Iterator[None]:
    """Answer one request on a Unix socket, as somebody who has taken a sidecar's place."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(60)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                head = list(iter(request.readline, b"\r\n"))
                (length,) = (int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:"))
                request.read(length)
                connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join(60)


@pytest.mark.parametrize(("status", "code"), [("201 Created", 0), ("400 Bad Request", 2), ("503 Not Now", 3)])
def test_revoke(run: Run, tmp_path: Path, workspace: Workspace, status: str, code: int) -> None:
    """Whatever somebody answers in the sidecar's place, good or bad, steers no terminal."""
    address = tmp_path / "a.sock"
    text = f'admin: {{listen: "unix:{address}"}}\nrevocation: {{admin_api: true}}\n'
    text += workspace.config.read_text(encoding="utf-8")
    workspace.config.write_text(text, encoding="utf-8")
    body = f"first {_HOSTILE}\nsecond\r".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    with _administration(address, head + body):
        done = run("revoke", "--config", workspace.config, "--issuer", "https://idp.example", "--jti", "a")
    assert done.returncode == code, done.stderr
    told = done.stdout if code == 0 else done.stderr
    assert f"first {_SHOWN}\nsecond" in told
    assert _is_plain(done.stdout)
    assert _is_plain(done.stderr)


def test_check_config(run: Run, workspace: Workspace) -> None:
    """Names in a configuration are told as they are, but for what steers the terminal; so are problems in it."""
    escaped = _HOSTILE.encode("unicode_escape").decode("ascii")
    text = workspace.config.read_text(encoding="utf-8")
    text = text.replace("https://idp.demo.example", f'"https://idp.demo.example/{escaped}"', 1)
    workspace.config.write_text(f"{text}dry_run: true\n", encoding="utf-8")
    done = run("check-config", workspace.config)
    assert done.returncode == 0, done.stderr
    assert f"issuer https://idp.demo.example/{_SHOWN}: 1 key(s)" in done.stdout
    assert "warning: dry_run" in done.stderr
    workspace.config.write_text(f'{text}"{escaped}": 1\n', encoding="utf-8")
    wrong = run("check-config", workspace.config)
    assert (wrong.returncode, _SHOWN in wrong.stderr) == (2, True)
    for one in (done.stdout, done.stderr, wrong.stdout, wrong.stderr):
        assert _is_plain(one)
